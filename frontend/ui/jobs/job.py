"""Live progress of a short job, such as a preflight or a self-test."""

from frontend.ui.components import ignore, load_component, trigger

_JOB = load_component(__file__)


def draw_job(run_id: str, title: str, key: str) -> bool:
    """Draw state and progress with a stop button; returns whether the job ended in this rerun."""
    result = _JOB(data={"run_id": run_id, "title": title}, key=key, on_ended_change=ignore)
    return bool(trigger(result, "ended") == run_id)
