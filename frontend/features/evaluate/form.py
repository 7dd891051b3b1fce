"""The form for evaluating an encoder by probing, fine-tuning or training from scratch, and its jobs."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.evaluate.classifier_form import draw_classifier_fields
from frontend.ui.blocks import guarded, hint, wrong
from frontend.ui.config_form import FieldSpec, check_values, field_specs, show_value
from frontend.ui.evaluation_rows import HEAD_WORDS
from frontend.ui.jobs.job import draw_job
from frontend.ui.session import client
from frontend.ui.setting_fields import KEEP, draw_setting
from frontend.ui.wording import dataset_title, plural
from shared.base.states import TERMINAL, RunState
from shared.base.vocabulary import Head
from shared.configs import ProbeConfig
from shared.configs.kinds import RunKind, Trait, has_trait
from shared.configs.probes import FROZEN_HEADS
from shared.contract import endpoints
from shared.contract.datasets import Dataset
from shared.contract.runs import Run, RunRequest

FIELD = "probe."
REFUSED, OPEN, DISMISSED = "probe_refused", "probe_open", "probe_dismissed"
SPECS = {spec.name: spec for spec in field_specs(ProbeConfig)}
ADVANCED = [spec.name for spec in SPECS.values() if not spec.simple]
KIND = "evaluate_kind"
KIND_WORDS = {
    RunKind.PROBE.value: "Frozen encoder",
    RunKind.FINETUNE.value: "Fine-tune",
    RunKind.SUPERVISED.value: "Train from scratch",
}
PILLS = {"depths": {"last": "last block", "all": "best of all blocks"}}


def draw_form(run: Run, datasets: Mapping[str, Dataset], jobs: Sequence[Run], *, fresh: bool) -> None:
    """The form, open if nothing has been evaluated yet. `jobs` are earlier ones on this encoder."""
    if st.session_state.setdefault(f"{OPEN}_of", run.id) != run.id:
        st.session_state[f"{OPEN}_of"] = run.id
        st.session_state.pop(OPEN, None)
    with st.expander(
        "Evaluate this encoder", expanded=fresh, key=f"{OPEN}_{run.id}", on_change="rerun"
    ) as fold:
        if fold.open:
            guarded(lambda: _draw_fields(run, datasets, jobs))


def _draw_fields(run: Run, datasets: Mapping[str, Dataset], jobs: Sequence[Run]) -> None:
    kind = _draw_kind()
    faults = form_faults(form_values(run.id, st.session_state))
    refused = _refused(run) | faults
    _draw_dataset(run, datasets, refused if kind is RunKind.PROBE else {})
    if kind is RunKind.PROBE:
        _draw_probe_fields(run, refused, faults)
    else:
        trained = [job for job in jobs if has_trait(job.kind, Trait.CLASSIFIES)]
        draw_classifier_fields(kind, run, st.session_state.get(FIELD + "dataset"), trained)


def _draw_kind() -> RunKind:
    """Whether to keep the encoder frozen, fine-tune it, or train from scratch."""
    st.session_state.setdefault(KIND, RunKind.PROBE.value)
    st.segmented_control(
        "Training",
        list(KIND_WORDS),
        format_func=lambda kind: KIND_WORDS[kind],
        required=True,
        key=KIND,
        label_visibility="collapsed",
        **KEEP,
    )
    return RunKind(st.session_state[KIND])


def _draw_probe_fields(run: Run, refused: Mapping[str, str], faults: Mapping[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
        _draw_heads(refused)
        for name in ("depths", "pooling"):
            _draw_pills(SPECS[name], refused)
        for name in ("label_fraction", "seeds"):
            with st.container(width=148):
                draw_setting(SPECS[name], FIELD + name, error=refused.get(name, ""))
    with st.expander("More settings", expanded=bool(set(refused) & set(ADVANCED)), key="probe_more"):
        grid = st.grid("auto", min_column_width=136, gap="small")
        for name in ADVANCED:
            with grid.cell():
                draw_setting(SPECS[name], FIELD + name, error=refused.get(name, ""))
        st.code(shell_words(form_values(run.id, st.session_state)), language=None, wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Evaluate this encoder", type="primary", disabled=bool(faults), key="probe_start")
        st.caption("Runs on the CPU alongside training. k-NN and a linear probe take seconds.")
    for name in refused.keys() - SPECS.keys():
        wrong(refused[name])
    if pressed:
        _start(form_values(run.id, st.session_state))


def _draw_dataset(run: Run, datasets: Mapping[str, Dataset], refused: Mapping[str, str]) -> None:
    key, own = FIELD + "dataset", _own_dataset(run)
    labelled = [dataset.name for dataset in datasets.values() if dataset.class_counts]
    others = [name for name in labelled if name != own]
    unlabelled = own in datasets and own not in labelled
    chosen = st.session_state.get(key)
    if not others and chosen is None and not unlabelled and "dataset" not in refused:
        return
    st.selectbox(
        SPECS["dataset"].label,
        [*others, *([chosen] if chosen and chosen not in others else [])],
        index=None,
        placeholder="Choose a labelled dataset" if unlabelled else f"Dataset of the encoder: {own or 'none'}",
        format_func=lambda name: dataset_title(name, datasets[name].simulated) if name in datasets else name,
        key=key,
        help=SPECS["dataset"].tooltip,
        width=420,
        **KEEP,
    )
    if "dataset" in refused:
        wrong(refused["dataset"])
    elif unlabelled and chosen is None:
        hint(f"{own} has no labels. Choose a labelled dataset with the same bands for the evaluation.")


def _own_dataset(run: Run) -> str | None:
    evaluated_on = run.config.get("eval_dataset")
    return str(evaluated_on) if evaluated_on else run.dataset


def _draw_heads(refused: Mapping[str, str]) -> None:
    key, spec = FIELD + "heads", SPECS["heads"]
    st.session_state.setdefault(key, [str(head) for head in spec.default])
    with st.container(width="content"):
        st.pills(
            spec.label,
            [head.value for head in FROZEN_HEADS],
            selection_mode="multi",
            format_func=lambda head: HEAD_WORDS[Head(head)],
            key=key,
            help=f"{spec.text} Default: {words_of(spec.default)}.",
            **KEEP,
        )
        if "heads" in refused:
            wrong(refused["heads"])


def _draw_pills(spec: FieldSpec, refused: Mapping[str, str]) -> None:
    key, words = FIELD + spec.name, PILLS.get(spec.name, {})
    if st.session_state.get(key) is None:
        st.session_state[key] = spec.default
    with st.container(width="content"):
        st.segmented_control(
            spec.label,
            spec.choices,
            format_func=lambda choice: words.get(choice, choice),
            required=True,
            key=key,
            help=spec.tooltip,
            **KEEP,
        )
        if spec.name in refused:
            wrong(refused[spec.name])


def words_of(heads: Sequence[str]) -> str:
    """The names of heads, separated by commas."""
    return ", ".join(HEAD_WORDS[Head(head)] for head in heads)


def form_values(encoder: str, state: Mapping[Any, Any]) -> dict[str, Any]:
    """The values of the form for ProbeConfig, without defaults."""
    values: dict[str, Any] = {"encoder": encoder}
    for name in SPECS:
        value = state.get(FIELD + name)
        value = tuple(value) if isinstance(value, list) else value
        if name != "encoder" and value not in (None, ""):
            values[name] = value
    return {
        name: value for name, value in values.items() if name == "encoder" or value != SPECS[name].default
    }


def form_faults(values: Mapping[str, Any]) -> dict[str, str]:
    """Errors by field that need no request to the server."""
    if values.get("heads") == ():
        return {"heads": "Choose at least one head."}
    return check_values(ProbeConfig, values)[1]


def shell_words(values: Mapping[str, Any]) -> str:
    """The same as a shell command."""
    pairs = [
        f"{name}={','.join(value) if isinstance(value, tuple) else show_value(value)}"
        for name, value in values.items()
        if name != "encoder"
    ]
    sets = [word for pair in pairs for word in ("--set", pair)]
    return shlex.join(["galaxyscope", "run", "probe", "--from", str(values["encoder"]), *sets, "--wait"])


def _refused(run: Run) -> dict[str, str]:
    """Errors the server returned for exactly these values."""
    values, faults = st.session_state.get(REFUSED, (None, {}))
    return dict(faults) if values == form_values(run.id, st.session_state) else {}


def _start(values: Mapping[str, Any]) -> None:
    """Queue the job; an error is shown at its field and the form is kept."""
    try:
        client().call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PROBE, config=dict(values)))
    except ApiError as error:
        st.session_state[REFUSED] = (dict(values), {error.field or "": error.detail})
    else:
        st.session_state.pop(REFUSED, None)
    st.rerun()


def draw_jobs(jobs: Sequence[Run]) -> None:
    """The active jobs of this encoder, and why the last one failed."""
    for job in reversed([job for job in jobs if job.state not in TERMINAL]):
        if draw_job(job.id, _job_title(job), key=f"probe_{job.id}"):
            st.rerun()
    last = next((job for job in jobs if job.state in TERMINAL), None)
    dismissed: list[str] = st.session_state.setdefault(DISMISSED, [])
    if last is None or last.state is RunState.SUCCEEDED or last.id in dismissed:
        return
    stopped = last.state is RunState.CANCELLED
    ended = "was stopped; it has no results" if stopped else "failed"
    why = "" if stopped else " ".join(part for part in (last.reason, last.suggestion) if part)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.text(f"The last evaluation ({_job_words(last)}) {ended}. {why}".strip())
        st.button("Dismiss", key=f"dismiss_{last.id}", on_click=dismissed.append, args=(last.id,))


def _job_title(job: Run) -> str:
    if job.kind is RunKind.PROBE:
        return f"Evaluating: {_job_words(job)}"
    return f"{'Fine-tuning' if job.kind is RunKind.FINETUNE else 'From scratch'}: {_job_words(job)}"


def _job_words(job: Run) -> str:
    config = job.config
    if has_trait(job.kind, Trait.CLASSIFIES):
        return f"seed {config['seed']} · {plural(int(config['epochs']), 'epoch')}"
    words = [words_of(config.get("heads", ())), config.get("pooling", "")]
    if config.get("depths") == "all":
        words.append("all blocks")
    if (config.get("seeds") or 1) > 1:
        words.append(plural(int(config["seeds"]), "seed"))
    return " · ".join(word for word in words if word)
