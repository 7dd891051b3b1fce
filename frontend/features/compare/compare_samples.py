"""Fixed galaxies of several pretrainings at the same epoch."""

from pydantic_core import to_jsonable_python

from frontend.features.compare.comparison import ComparedRun
from frontend.ui.components import load_component

_SAMPLES = load_component(__file__)


def draw_compare_samples(runs: list[ComparedRun]) -> None:
    """Draw one row of reconstructions per run (see comparison.py), with a slider over common epochs."""
    _SAMPLES(data={"runs": to_jsonable_python(runs)}, key="compare_samples")
