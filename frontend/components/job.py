"""One job at work, live: a preflight or a self-test."""

from frontend.components import ignore, load_component, trigger

_JOB = load_component("job")


def draw_job(run_id: str, title: str, key: str) -> bool:
    """Draws state and progress with a stop button; whether it has come to its end in this rerun."""
    result = _JOB(data={"run_id": run_id, "title": title}, key=key, on_ended_change=ignore)
    return bool(trigger(result, "ended") == run_id)
