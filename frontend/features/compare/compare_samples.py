"""Fixed galaxies of several pretrainings at the same epoch."""

from typing import Any

from frontend.ui.components import load_component

_SAMPLES = load_component(__file__)


def draw_compare_samples(runs: list[dict[str, Any]]) -> None:
    """Draw one row of reconstructions per run (see comparison.py), with a slider over common epochs."""
    names = ("id", "title", "state", "dataset", "style")
    _SAMPLES(data={"runs": [{name: run[name] for name in names} for run in runs]}, key="compare_samples")
