"""The one protocol between a page's address and a component that may change it.

Address and forms belong to Python, what moves belongs to the browser. The browser numbers the views that it
sends, and gets each back with its number: so it does not apply its own view again, and a late rerun of the
script does not undo a newer choice.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

import streamlit as st
from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from streamlit.components.v2.types import ComponentRenderer

from frontend.ui.address import Address, change_query

A = TypeVar("A", bound=Address)


class BrowserView(Generic[A]):
    """The view of a page in its address, of which a component in the browser may change `names` (None: all).

    Parameters of the address that are no field of `kind` stay as they are.
    """

    def __init__(self, kind: type[A], names: Collection[str] | None = None) -> None:
        self.kind = kind
        self._names = set(kind.model_fields if names is None else names)
        self._echo = f"{kind.__module__}.{kind.__qualname__}"

    def current(self) -> A:
        """The view in the address."""
        return self.kind.from_query(st.query_params.to_dict())

    def change(self, **changes: Any) -> None:
        """Write a change into the address. Raises ValidationError."""
        query = self.kind.model_validate(self.current().model_dump() | changes).to_query()
        own = [self.kind.RENAMED.get(name, name) for name in self.kind.model_fields]
        change_query({name: query.get(name) for name in own})

    def mount(self, component: ComponentRenderer, key: str, view: A, data: Mapping[str, object]) -> None:
        """Mount a component with `view` and other data; what it sends goes into the address before the next
        rerun. A view out of bounds is ignored: the component has said so."""

        values = self._part(view)
        seq, echoed = st.session_state.get(self._echo, (None, None))
        browser_seq = seq if echoed == values else None
        if (
            browser_seq is None
        ):  # Back or a link led elsewhere: Forward to what was sent is news to the browser
            st.session_state.pop(self._echo, None)
        sent = on_trigger(key, "view", lambda message: self.take(message["view"], int(message["seq"])))
        known = {**to_jsonable_python(data), "view": values, "browser_seq": browser_seq}
        component(data=known, key=key, on_view_change=sent)

    def take(self, values: Mapping[str, Any], seq: int) -> None:
        """Store a view that the browser sent, with its number."""
        try:
            self.change(**{name: value for name, value in values.items() if name in self._names})
        except ValidationError:
            return
        st.session_state[self._echo] = (seq, self._part(self.current()))

    def _part(self, view: A) -> dict[str, Any]:
        return view.model_dump(mode="json", include=self._names)


def reports(key: str) -> bool:
    """Whether component `key` sent the view that caused this rerun. The browser's copies of other fields may
    be older than that view: they are no choice of the user."""
    state = st.session_state.get(key)
    return state is not None and state.get("view") is not None


def on_trigger(key: str, name: str, act: Callable[[Any], None]) -> Callable[[], None]:
    """The callback of a trigger of component `key`, which gets the value that the browser sent."""

    def triggered() -> None:
        value = st.session_state[key].get(name)
        if value is not None:
            act(value)

    return triggered
