"""The state of a page, as stored in its address."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import streamlit as st
from pydantic import ValidationError

from shared.base.wire import Wire


def change_query(changes: Mapping[str, str | None]) -> None:
    """Set parameters of the address, None removes one, in one step: each write to it is a step of the Back
    button. Not for a page whose widgets are bound to its address: Streamlit refuses to write theirs."""
    before = {name: st.query_params.get_all(name) for name in st.query_params}
    kept = {name: values for name, values in before.items() if name not in changes}
    after = kept | {name: [value] for name, value in changes.items() if value is not None}
    if after != before:
        st.query_params.from_dict(after)


class Address(Wire):
    """Base class: one field with a default per query parameter. `RENAMED` maps fields to parameters of
    another name."""

    RENAMED: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """The state of an address; invalid values are ignored."""
        names = {name: cls.RENAMED.get(name, name) for name in cls.model_fields}
        given = cls.read({name: query[key] for name, key in names.items() if key in query})
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            faulty = {fault["loc"][0] for fault in error.errors()}
            return cls.model_validate({name: value for name, value in given.items() if name not in faulty})

    def to_query(self) -> dict[str, str]:
        """The query of this state, without default values."""
        values = {name: value for name, value in self if value != type(self).model_fields[name].default}
        return {self.RENAMED.get(name, name): self.written(value) for name, value in values.items()}

    @classmethod
    def read(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Parameters by field, prepared for validation."""
        return given

    @staticmethod
    def written(value: Any) -> str:
        """A value as a query parameter."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value:.10g}" if isinstance(value, float) else str(value)
