"""The form for training a classifier: fine-tuning, or the same training from scratch."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.api.client import ApiError
from frontend.ui.blocks import wrong
from frontend.ui.config_form import FieldSpec, check_values, field_specs, show_value
from frontend.ui.session import client
from frontend.ui.setting_fields import KEEP, draw_setting
from frontend.ui.wording import plural
from shared.base.states import RunState
from shared.configs import FinetuneConfig, SupervisedConfig
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import Run, RunRequest

FIELD, SEEDS, REFUSED = "classifier.", "classifier_seeds", "classifier_refused"
CONFIGS: dict[RunKind, type[FinetuneConfig] | type[SupervisedConfig]] = {
    RunKind.FINETUNE: FinetuneConfig,
    RunKind.SUPERVISED: SupervisedConfig,
}
BUTTONS = {RunKind.FINETUNE: "Fine-tune", RunKind.SUPERVISED: "Train from scratch"}
WHAT = {
    RunKind.FINETUNE: "Trains the encoder and a head together on labels. The epoch with the best validation "
    "accuracy is evaluated on test rows.",
    RunKind.SUPERVISED: "Trains the same architecture from random weights. With the settings of a "
    "fine-tuning it is its twin: they differ only in initial weights and layer decay, which is off here.",
}
HIDDEN = {"encoder", "dataset"}
SIZES = {"crop_size", "img_size", "patch_size", "embed_dim", "depth", "num_heads", "mlp_ratio"}
"""Sizes are those of the encoder; the shell can set others."""


def specs_of(kind: RunKind) -> dict[str, FieldSpec]:
    """The fields of the form."""
    return {spec.name: spec for spec in field_specs(CONFIGS[kind]) if spec.name not in HIDDEN | SIZES}


def draw_classifier_fields(kind: RunKind, run: Run, dataset: str | None, trained: Sequence[Run]) -> None:
    """The fields below the dataset, and the button that queues one run per seed. The speed of `trained`,
    earlier classifiers on this encoder, gives the time estimate."""
    values = form_values(kind, run.id, dataset, st.session_state)
    faults = check_values(CONFIGS[kind], values)[1]
    refused = _refused(values) | faults
    st.caption(WHAT[kind])
    _draw_simple(kind, refused)
    seeds = int(st.session_state[SEEDS] or 1)
    _draw_advanced(kind, refused, shell_words(kind, values, seeds))
    with st.container(horizontal=True, vertical_alignment="center"):
        words = BUTTONS[kind] if seeds == 1 else f"{BUTTONS[kind]}, {plural(seeds, 'seed')}"
        pressed = st.button(words, type="primary", disabled=bool(faults), key=f"start_{kind}")
        st.caption(cost_words(values, trained, seeds))
    for name in refused.keys() - specs_of(kind).keys():
        wrong(refused[name])
    if pressed:
        _start(kind, values, seeds)


def _draw_simple(kind: RunKind, refused: Mapping[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
        for spec in specs_of(kind).values():
            if spec.simple and spec.name != "seed":
                with st.container(width=138):
                    draw_setting(spec, FIELD + spec.name, error=refused.get(spec.name, ""))
        with st.container(width=138):
            st.session_state.setdefault(SEEDS, 1)
            help_text = (
                "Number of runs, with seeds seed, seed + 1, …; comparing methods needs at least three."
            )
            st.number_input("seeds", 1, 10, step=1, key=SEEDS, help=help_text, **KEEP)


def _draw_advanced(kind: RunKind, refused: Mapping[str, str], shell: str) -> None:
    advanced = [spec for spec in specs_of(kind).values() if not spec.simple or spec.name == "seed"]
    faulty = bool(set(refused) & {spec.name for spec in advanced})
    with st.expander("More settings", expanded=faulty, key=f"more_{kind}"):
        grid = st.grid("auto", min_column_width=136, gap="small")
        for spec in advanced:
            with grid.cell():
                draw_setting(spec, FIELD + spec.name, error=refused.get(spec.name, ""))
        st.code(shell, language=None, wrap_lines=True)


def form_values(kind: RunKind, encoder: str, dataset: str | None, state: Mapping[Any, Any]) -> dict[str, Any]:
    """The values of the form for its config, without defaults."""
    values: dict[str, Any] = {"encoder": encoder} | ({"dataset": dataset} if dataset else {})
    for name, spec in specs_of(kind).items():
        value = state.get(FIELD + name)
        if value not in (None, "", spec.default):
            values[name] = value
    return values


def shell_words(kind: RunKind, values: Mapping[str, Any], seeds: int) -> str:
    """The same as a shell command."""
    words = ["galaxyscope", "run", kind.value, "--from", str(values["encoder"])]
    words += ["--dataset", str(values["dataset"])] if "dataset" in values else []
    words += ["--seeds", str(seeds)] if seeds > 1 else []
    for name, value in values.items():
        if name not in HIDDEN:
            words += ["--set", f"{name}={show_value(value)}"]
    return shlex.join(words)


def cost_words(values: Mapping[str, Any], trained: Sequence[Run], seeds: int) -> str:
    """The expected duration, from an earlier classifier, and where the run is queued."""
    known = next((run for run in trained if run.images_per_s and run.state is RunState.SUCCEEDED), None)
    where = "Runs in the training queue."
    if known is None or known.images_per_s is None or not known.progress.total_steps:
        return where
    default = FinetuneConfig.model_fields["epochs"].default
    an_epoch = known.progress.total_steps / known.config["epochs"] * known.config["batch_size"]
    share = values.get("label_fraction", 1.0) / known.config["label_fraction"]
    seconds = values.get("epochs", default) * an_epoch * share / known.images_per_s
    about = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    return f"About {about}{' each' if seeds > 1 else ''} at the speed of {known.id}. {where}"


def _refused(values: Mapping[str, Any]) -> dict[str, str]:
    """Errors the server returned for exactly these values."""
    rejected, faults = st.session_state.get(REFUSED, (None, {}))
    return dict(faults) if rejected == values else {}


def _start(kind: RunKind, values: Mapping[str, Any], seeds: int) -> None:
    """Queue one run per seed; an error is shown at its field and the form is kept."""
    first = int(values.get("seed", 0))
    try:
        for more in range(seeds):
            client().call(
                endpoints.CREATE_RUN, body=RunRequest(kind=kind, config=dict(values) | {"seed": first + more})
            )
    except ApiError as error:
        st.session_state[REFUSED] = (dict(values), {error.field or "": error.detail})
    else:
        st.session_state.pop(REFUSED, None)
    st.rerun()
