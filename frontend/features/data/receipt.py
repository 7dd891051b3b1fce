"""The receipt of an import: what was read, left out and assumed."""

from collections.abc import Mapping, Sequence

from frontend.features.data.adding.import_values import SPECS
from frontend.ui.blocks import bullets, hint
from frontend.ui.config_form import FieldSpec
from shared.contract.datasets import ReceiptLine


def draw_receipt(
    lines: Sequence[ReceiptLine], *, settable: bool = True, specs: Mapping[str, FieldSpec] = SPECS
) -> None:
    """One list; what was assumed comes last, with the field that sets it if the form is `settable`."""
    told = [line.text for line in lines if line.kind != "assumed"]
    if told:
        bullets(told)
    for line in lines:
        if line.kind == "assumed":
            spec = specs.get(line.field or "") if settable else None
            hint(f"Assumed: {line.text}" + (f" Set {spec.name} to change it." if spec else ""))
