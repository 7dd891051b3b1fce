"""The sweep form: base, axes and objective, with a card for its cost and the start."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.api.client import ApiError, BackendLostError
from frontend.features.sweep import state as sweep_state
from frontend.features.sweep.state import FIELD, ROWS, add_row, axis_key, remove_row
from frontend.ui.blocks import bullets, headline, hint, plain, section, wrong
from frontend.ui.config_form import FieldSpec
from frontend.ui.encoders import MOST_RUNS, begun_encoders
from frontend.ui.run_groups import run_title
from frontend.ui.session import client, go
from frontend.ui.setting_fields import KEEP
from frontend.ui.sweep_form import (
    AXES,
    SweepForm,
    plan_words,
    read_words,
    spec_of,
    sweep_command,
    swept_fields,
)
from frontend.ui.wording import capitalised, dataset_title, plural
from shared.configs.kinds import RunKind, Trait, kinds_with, values_of
from shared.configs.presets import PRESETS
from shared.contract import endpoints
from shared.contract.datasets import Dataset
from shared.contract.runs import Run
from shared.contract.sweeps import MOST_AXES, OBJECTIVES, SweepMode, SweepPlan, SweepSpec, UnfitSetting
from shared.planning.sweep_words import HOW, setting_words, show_value

REFUSED, CONFIRMED = "sweep_refused", "sweep_confirmed"
MOST_UNFIT = 8
MODES = {SweepMode.GRID: "Grid: all combinations", SweepMode.RANDOM: "Random samples"}
KINDS = {"pretrain": "Pretraining", "finetune": "Fine-tuning", "supervised": "From scratch"}


@st.cache_data(ttl=8, max_entries=64, show_spinner=False)
def fetch_plan(spec: str) -> SweepPlan:
    """The server's plan for a sweep spec (JSON), cached for some seconds."""
    return client().call(endpoints.PLAN_SWEEP, body=SweepSpec.model_validate_json(spec))


def draw_form() -> None:
    """The whole form."""
    datasets = {dataset.name: dataset for dataset in client().call(endpoints.LIST_DATASETS)}
    sweep_state.hydrate(next(iter(PRESETS)), next(iter(datasets)))
    _settle_dataset(list(datasets))
    form = sweep_state.read_form()
    spec, faults = spec_of(form)
    plan, plan_faults = _plan(spec) if spec is not None else (None, {})
    faults = {**_refused(form), **plan_faults, **faults}
    left, right = st.columns([6, 5], gap="large")
    with left:
        _draw_base(form, datasets, faults)
        _draw_axes(form, faults)
        _draw_design(form, faults)
    with right, st.container(border=True):
        _draw_card(form, spec, plan, faults)
    sweep_state.remember(form)


def _plan(spec: SweepSpec) -> tuple[SweepPlan | None, dict[str, str]]:
    try:
        return fetch_plan(spec.model_dump_json()), {}
    except ApiError as error:
        return None, {error.field or "": f"{error.detail}."}
    except BackendLostError as error:
        return None, {"": str(error)}


def _draw_base(form: SweepForm, datasets: Mapping[str, Dataset], faults: Mapping[str, str]) -> None:
    section("Base", "common to all runs")
    kinds = values_of(kinds_with(Trait.SWEEPABLE))
    st.segmented_control(
        "Kind", kinds, key=f"{FIELD}kind", required=True, format_func=KINDS.__getitem__, on_change=_take_kind
    )
    left, right = st.columns(2)
    with left:
        starts = _starts(form)
        st.selectbox(
            "Start from",
            list(starts),
            format_func=starts.__getitem__,
            key=f"{FIELD}start",
            on_change=_take_start,
            **KEEP,
        )
        for field in ("encoder", "base_run", "preset", "kind"):
            _remark(faults, field)
    with right:
        titles = {name: dataset_title(name, one.simulated) for name, one in datasets.items()}
        st.selectbox(
            "Dataset",
            _on(list(datasets)),
            format_func=lambda name: titles.get(name, "same as the starting run"),
            key=f"{FIELD}on",
            **KEEP,
        )
        _remark(faults, "dataset")
    st.text_input(
        "Also set",
        key=f"{FIELD}changes",
        placeholder="epochs=3 warmup_epochs=0.5",
        help="key=value words that override the base, with the setting names of the Launch page.",
        **KEEP,
    )
    _remark(faults, "changes")


def _on(datasets: list[str]) -> list[str]:
    """Datasets to choose from; "" stands for the dataset of the start."""
    kind, start = st.session_state[f"{FIELD}kind"], st.session_state[f"{FIELD}start"] or ""
    own = [] if kind == "pretrain" and not start.startswith("run:") else [""]
    return [*own, *datasets]


def _settle_dataset(datasets: list[str]) -> None:
    """Replace a dataset that is not available, before the form is read."""
    names = _on(datasets)
    if st.session_state[f"{FIELD}on"] not in names:
        st.session_state[f"{FIELD}on"] = names[0]


def _take_kind() -> None:
    """A change of kind resets start and objective."""
    first = f"preset:{next(iter(PRESETS))}" if st.session_state[f"{FIELD}kind"] == "pretrain" else ""
    st.session_state[f"{FIELD}start"], st.session_state[f"{FIELD}objective"] = first, ""


def _take_start() -> None:
    """Starting from a run also sets its dataset."""
    what, _, key = st.session_state[f"{FIELD}start"].partition(":")
    if what == "run":
        st.session_state[f"{FIELD}on"] = client().call(endpoints.GET_RUN, run_id=key).dataset


def _starts(form: SweepForm) -> dict[str, str]:
    """Possible starts of a sweep of this kind, keyed by their address value."""
    kind = RunKind(form.kind)
    runs = [run for run in client().call(endpoints.LIST_RUNS, limit=MOST_RUNS) if run.kind is kind]
    found: dict[str, str] = {}
    if kind is RunKind.PRETRAIN:
        found = {f"preset:{key}": f"{key}: {preset.title}" for key, preset in PRESETS.items()}
    else:
        found = {"": "choose an encoder"} if kind is RunKind.FINETUNE else {"": "defaults"}
        found |= {f"encoder:{run.id}": f"encoder of {_words(run)}" for run in begun_encoders().values()}
    found |= {f"run:{run.id}": f"settings of {_words(run)}" for run in runs}
    what, _, key = form.start.partition(":")
    older = {
        "encoder": f"encoder of {key}",
        "run": f"settings of {key}",
        "": "defaults",
    }.get(what, form.start)
    return found if form.start in found else {form.start: older, **found}


def _words(run: Run) -> str:
    return run.id if run.name is None else f"{run_title(run)} ({run.id})"


def _draw_axes(form: SweepForm, faults: Mapping[str, str]) -> None:
    section("Varied settings", "lists like 0.5,0.75 or ranges like 1e-4:1e-2:5:log")
    fields, base = swept_fields(RunKind(form.kind)), _base_values(form)
    rows: Sequence[int] = st.session_state[ROWS]
    for row in rows:
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"sweep_axis_{row}"):
            chosen = st.session_state.get(axis_key(row, "field"))
            names = [*fields, *([chosen] if chosen and chosen not in fields else [])]
            st.selectbox(
                "Setting",
                names,
                index=None,
                placeholder="Choose a setting",
                key=axis_key(row, "field"),
                format_func=lambda name: fields[name].label if name in fields else name,
                width=230,
                **KEEP,
            )
            help_text = f"{capitalised(HOW)}."
            st.text_input(
                "Values", key=axis_key(row, "values"), placeholder="0.5,0.75", help=help_text, **KEEP
            )
            if len(rows) > 1:
                st.button("Remove", key=f"sweep_remove_{row}", on_click=remove_row, args=(row,))
        if chosen in fields:
            st.caption(plain(field_words(fields[chosen], base.get(chosen, fields[chosen].default))))
            _remark(faults, str(chosen))
    if len(rows) < MOST_AXES:
        st.button("Add a setting", key="sweep_add", on_click=add_row)


def field_words(spec: FieldSpec, base_value: Any) -> str:
    """The description of a field, its range or choices, and its value in the base."""
    allowed = spec.bounds or ", ".join(spec.choices)
    base = "" if base_value is None else f"Base: {show_value(base_value)}."
    return " ".join(filter(None, [spec.text, f"{allowed}." if allowed else "", base]))


def _base_values(form: SweepForm) -> dict[str, Any]:
    """The values of the base, as far as known."""
    what, _, key = form.start.partition(":")
    values: dict[str, Any] = {}
    if what == "preset" and key in PRESETS:
        values = PRESETS[key].values
    if what == "run":
        try:
            values = client().call(endpoints.GET_RUN, run_id=key).config
        except ApiError:
            values = {}
    return values | read_words(RunKind(form.kind), form.changes, {})


def _draw_design(form: SweepForm, faults: Mapping[str, str]) -> None:
    section("Design and objective", "the objective is always measured on validation rows")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words, modes = MODES.__getitem__, list(MODES)
        st.selectbox("Design", modes, format_func=words, key=f"{FIELD}mode", width=190, **KEEP)
        if form.mode is SweepMode.RANDOM:
            st.number_input("Samples", 1, 1000, step=1, key=f"{FIELD}samples", width=110, **KEEP)
            note = "The seed of the random samples."
            st.number_input("Draw seed", 0, step=1, key=f"{FIELD}draw_seed", help=note, width=110, **KEEP)
        st.number_input(
            "Seeds", 1, 10, step=1, key=f"{FIELD}seeds", help="Runs per setting.", width=110, **KEEP
        )
        titles = {one.key: f"{one.title} ({one.key})" for one in OBJECTIVES[RunKind(form.kind)]}
        names = [*titles] if form.objective in ("", *titles) else [form.objective, *titles]
        st.session_state[f"{FIELD}objective"] = form.objective or names[0]
        st.selectbox(
            "Objective",
            names,
            format_func=lambda key: titles.get(key, key),
            key=f"{FIELD}objective",
            width=330,
            **KEEP,
        )
    for field in ("samples", "objective", "seeds"):
        _remark(faults, field)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.toggle(
            "Stop poor runs early",
            key=f"{FIELD}stop_early",
            help="Stops a run if its best value is worse than the median of the running averages of at least "
            "three others at the same point (Vizier's median rule). It keeps its checkpoints.",
            **KEEP,
        )
        if form.stop_early:
            st.number_input(
                "Warm-up, share of a run",
                0.0,
                0.9,
                step=0.05,
                format="%g",
                key=f"{FIELD}warm_up",
                help="No run is stopped before this point.",
                width=190,
                **KEEP,
            )


def _draw_card(
    form: SweepForm, spec: SweepSpec | None, plan: SweepPlan | None, faults: Mapping[str, str]
) -> None:
    if plan is None:
        headline("–", "runs")
        _draw_faults(faults)
    else:
        headline(*plan_words(plan))
        basis = f"Time {plan.basis}." if plan.total_s is not None else f"{capitalised(plan.basis)}."
        st.caption(plain(basis))
        bullets(plan.warnings)
        _draw_unfit(form, plan)
        if plan.existing is not None:
            st.caption(f"Sweep {plan.existing} already exists; Start queues its missing runs.")
    st.text_input("Name", key=f"{FIELD}name", placeholder="optional", max_chars=60, **KEEP)
    confirmed = plan is None or not plan.must_confirm or _confirmed(plan)
    fit = plan is not None and (not plan.unfit or form.leave_out)
    off = not (fit and confirmed)
    if st.button("Start", type="primary", width="stretch", disabled=off, key="sweep_start"):
        _start(form, spec, plan)
    if "" in faults:
        wrong(faults[""])
    with st.expander("Shell command", key="sweep_shell"):
        st.code(sweep_command(form), language=None, wrap_lines=True)


def _draw_faults(faults: Mapping[str, str]) -> None:
    """A summary of errors shown elsewhere in the form, or the error about missing axes."""
    st.caption(next(iter(faults.values())) if list(faults) == [AXES] else "The form contains errors.")


def _draw_unfit(form: SweepForm, plan: SweepPlan) -> None:
    if not plan.unfit:
        return
    n = plural(len(plan.unfit), "setting")
    wrong(f"{n} cannot run:") if not form.leave_out else hint(f"{n} left out:")
    bullets([unfit_words(one) for one in plan.unfit[:MOST_UNFIT]])
    if len(plan.unfit) > MOST_UNFIT:
        st.caption(f"and {len(plan.unfit) - MOST_UNFIT} more")
    st.toggle("Leave them out", key=f"{FIELD}leave_out", **KEEP)


def unfit_words(one: UnfitSetting) -> str:
    return f"{setting_words(one.values)}: {one.sentence}"


def _confirmed(plan: SweepPlan) -> bool:
    """Whether this number of runs has been confirmed."""
    return st.checkbox(f"Yes, queue {plan.runs:,} runs", key=f"sweep_confirm_{plan.runs}")


def _remark(faults: Mapping[str, str], field: str) -> None:
    if field in faults:
        wrong(faults[field])


def _refused(form: SweepForm) -> dict[str, str]:
    """Errors the server returned for exactly this form."""
    rejected, faults = st.session_state.get(REFUSED, (None, {}))
    return dict(faults) if rejected == form else {}


def _start(form: SweepForm, spec: SweepSpec | None, plan: SweepPlan | None) -> None:
    """Queue the sweep and open its results; an error is shown and the form is kept."""
    if spec is None or plan is None:
        return
    try:
        with st.spinner(f"Queueing {plural(plan.runs, 'run')}…"):
            report = client().launch_sweep(spec, confirm_runs=plan.runs)
    except (ApiError, BackendLostError) as error:
        st.session_state[REFUSED] = (form, {"": str(error)})
        st.rerun()
    st.session_state.pop(REFUSED, None)
    go("sweep", sweep=report.summary.id)
