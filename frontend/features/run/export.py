"""Exporting a run: the whole run as a zip file, its metrics, its encoder."""

import streamlit as st

from frontend.ui.blocks import file_link, guarded, plain
from frontend.ui.metric_files import draw_metric_files
from frontend.ui.session import client
from frontend.ui.wording import clock, count, size
from shared.base.states import TERMINAL
from shared.configs.kinds import Trait, has_trait
from shared.contract import endpoints
from shared.contract.bundles import (
    WITHOUT_RESUME,
    CheckpointChoice,
    Origin,
    RunBundle,
    encoder_name,
    timm_example,
)
from shared.contract.runs import Run


def draw_export(run: Run) -> None:
    """An expander that loads sizes when opened."""
    if not has_trait(run.kind, Trait.BUNDLED):
        return
    with st.expander("Export", key="open_export", on_change="rerun") as fold:
        if fold.open:
            guarded(lambda: _draw_inside(run, client().call(endpoints.DESCRIBE_BUNDLE, run_id=run.id)))


def origin_sentence(origin: Origin, run_id: str) -> str:
    """Where an imported run comes from."""
    there = "" if origin.run_id == run_id else f" Its original id was {origin.run_id}."
    return f"Imported from {origin.file} on {clock(origin.imported_at)}.{there}"


def choice_words(bundle: RunBundle, choice: CheckpointChoice) -> str:
    """A choice of checkpoints with its size."""
    steps = bundle.steps[choice]
    names = {CheckpointChoice.KEPT: "best and last", CheckpointChoice.ALL: f"all {len(steps)}"}
    return f"{names.get(choice, 'none')} · {size(bundle.bytes[choice])}"


def offered_choices(bundle: RunBundle) -> list[CheckpointChoice]:
    """The choices that differ."""
    of, kept = bundle.steps, CheckpointChoice.KEPT
    more = [CheckpointChoice.ALL] if of[CheckpointChoice.ALL] != of[kept] else []
    return [*([kept] if of[kept] else []), *more, CheckpointChoice.NONE]


def _draw_inside(run: Run, bundle: RunBundle) -> None:
    if bundle.origin is not None:
        st.caption(plain(origin_sentence(bundle.origin, run.id)))
    whole, encoder = st.columns(2, gap="large")
    with whole:
        _draw_zip(run, bundle)
        if has_trait(run.kind, Trait.TRAINS):
            st.markdown("**Metrics**")
            draw_metric_files(run.id)
    if has_trait(run.kind, Trait.LEAVES_MODEL):
        with encoder:
            _draw_encoder(run, bundle.steps[CheckpointChoice.ALL])


def _draw_zip(run: Run, bundle: RunBundle) -> None:
    st.markdown("**The whole run, for another Galaxyscope**")
    choices = offered_choices(bundle)
    chosen = choices[0]
    if len(choices) > 1:
        chosen = st.segmented_control(
            "Checkpoints",
            choices,
            default=choices[0],
            format_func=lambda choice: choice_words(bundle, choice),
            key=f"bundle_choice_{run.id}",
            required=True,
            wrap=True,
        )
    href = endpoints.BUNDLE_FILE.url(run_id=run.id, checkpoints=chosen)
    title = "Config, curves, log, samples, evaluations and checkpoints, with digests"
    file_link(f"Run as ZIP, {size(bundle.bytes[chosen])}", href, title)
    active = "The run is still active; the export contains what exists so far."
    note = "" if run.state in TERMINAL else f" {active}"
    st.caption(f"Import it there on the Runs page. {WITHOUT_RESUME}{note}")


def _draw_encoder(run: Run, steps: list[int]) -> None:
    st.markdown("**Its encoder, for timm**")
    if not steps:
        st.caption("There are no checkpoints yet.")
        return
    checkpoint = st.selectbox(
        "Checkpoint",
        ["best", *(str(step) for step in reversed(steps))],
        format_func=lambda step: "best" if step == "best" else f"step {count(int(step))}",
        key=f"encoder_checkpoint_{run.id}",
        width=200,
    )
    href = endpoints.ENCODER_FILE.url(run_id=run.id, checkpoint=checkpoint)
    file_link("Encoder as safetensors", href, "Weights with timm names, without decoder or head")
    with st.popover("How to load it"):
        st.code(timm_example(encoder_name(run.id)), language="python", wrap_lines=True)
    st.caption(f"Without decoder and head. For ONNX, use the shell: `{onnx_command(run.id)}`")


def onnx_command(run_id: str) -> str:
    return f"galaxyscope runs export {run_id} --onnx encoder.onnx"
