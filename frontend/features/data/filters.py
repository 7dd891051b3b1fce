"""The galaxy filters of the Data page, as stored in session and address."""

from dataclasses import dataclass

import streamlit as st

from shared.base.vocabulary import Split

ANY = "all"
UNLABELLED = "unlabelled"


@dataclass(frozen=True)
class Filters:
    """Which galaxies are shown; None means all."""

    label: str | None = None
    split: Split | None = None
    redshift_min: float | None = None
    redshift_max: float | None = None
    collection: str | None = None

    @classmethod
    def of_session(cls) -> "Filters":
        state = st.session_state
        label, split = state.get("label"), state.get("split")
        return cls(
            label=None if label in (None, ANY) else str(label),
            split=None if split in (None, ANY) else Split(split),
            redshift_min=state.get("zmin"),
            redshift_max=state.get("zmax"),
            collection=None if state.get("collection") in (None, ANY) else str(state["collection"]),
        )

    def words(self) -> str:
        """The filters as text; "" for none."""
        low, high = self.redshift_min, self.redshift_max
        parts = [self.label or "", str(self.split) if self.split else ""]
        if low is not None and high is not None:
            parts.append(f"redshift {low:g} to {high:g}")
        elif low is not None:
            parts.append(f"redshift from {low:g}")
        elif high is not None:
            parts.append(f"redshift up to {high:g}")
        parts.append(f"in {self.collection}" if self.collection else "")
        return ", ".join(part for part in parts if part)
