"""Fixed galaxies of a run, reconstructed at each evaluation."""

from frontend.ui.components import load_component

_SAMPLES = load_component(__file__)


def draw_samples(run_id: str) -> None:
    """Draw the samples with a slider over evaluations; updates live."""
    _SAMPLES(data={"run_id": run_id}, key=f"samples_{run_id}")
