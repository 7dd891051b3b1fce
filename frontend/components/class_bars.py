"""The class histogram of a dataset."""

from frontend.components import ignore, load_component, trigger

_BARS = load_component("class_bars")


def draw_class_bars(counts: dict[str, int], total: int, selected: str | None) -> str | None:
    """Draws the counts; the class that was clicked in this rerun, "" to take the filter off, else None."""
    data = {"counts": list(counts.items()), "total": max(total, 1), "selected": selected}
    picked = trigger(_BARS(data=data, key="class_bars", on_pick_change=ignore), "pick")
    return None if picked is None else str(picked)
