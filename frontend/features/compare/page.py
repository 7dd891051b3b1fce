"""Compare: which is better, and why?"""

from collections.abc import Mapping, Sequence

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.compare.compare_samples import draw_compare_samples
from frontend.features.compare.comparison import compared_groups, compared_runs, curve_keys, default_keys
from frontend.features.compare.config import draw_config_differences
from frontend.features.compare.confusion import draw_confusion_links
from frontend.features.compare.curves.compare_curves import draw_compare_curves
from frontend.features.compare.url import ADDRESS, listed, put_list
from frontend.ui.blocks import empty_state, hint, page_title, section
from frontend.ui.encoders import nothing_trained
from frontend.ui.metric_files import draw_metric_files
from frontend.ui.run_groups import run_title
from frontend.ui.session import client
from shared.configs.kinds import RunKind, Trait, has_trait
from shared.contract import endpoints
from shared.contract.runs import Run

QUESTION = "Which is better, and why?"
MOST_RUNS = 200
FIRST_RUNS = 5
RUNS, KEYS = "compare_runs", "compare_keys"


def show() -> None:
    """Overlaid curves of training runs, or the choice of runs."""
    page_title("Compare", QUESTION)
    newest = {run.id: run for run in client().call(endpoints.LIST_RUNS, limit=MOST_RUNS)}
    choice = {run_id: run for run_id, run in newest.items() if has_trait(run.kind, Trait.TRAINS)}
    if not choice:
        nothing_trained("Launch two runs to compare their curves here.")
        return
    requested = listed("runs")
    known, missing = _known(requested, newest)
    choice |= {run_id: known[run_id] for run_id in requested if run_id in known}
    chosen = [run for run in _newest_first(choice) if run.id in requested]
    keys = _draw_choices(choice, chosen)
    if missing:
        hint(f"Skipped (missing, or not a training run): {', '.join(missing)}.")
    if chosen:
        _draw_comparison(chosen, known, keys)
    else:
        _none_chosen(list(choice))


def _none_chosen(newest: Sequence[str]) -> None:
    empty_state("No runs selected.", "Search above by name, id, kind or dataset, or start with the newest.")
    first = newest[:FIRST_RUNS]
    with st.container(horizontal=True, horizontal_alignment="center"):
        words = f"Compare the newest {len(first)}" if len(first) > 1 else "Show the newest"
        st.button(words, type="primary", on_click=put_list, args=("runs", first))


def _known(requested: Sequence[str], newest: Mapping[str, Run]) -> tuple[dict[str, Run], list[str]]:
    """The newest runs, older ones in the address, and their encoders; and ids that cannot be compared."""
    known, missing = dict(newest), []
    for run_id in requested:
        run = known.get(run_id) or _find(run_id)
        if run is None or not has_trait(run.kind, Trait.TRAINS):
            missing.append(run_id)
            known.pop(run_id, None)
            continue
        known[run_id] = run
        encoder = run.config.get("encoder")
        origin = None if encoder is None or encoder in known else _find(str(encoder))
        if origin is not None:
            known[origin.id] = origin
    return known, missing


def _find(run_id: str) -> Run | None:
    try:
        return client().call(endpoints.GET_RUN, run_id=run_id)
    except ApiError as error:
        if error.status != 404:
            raise
        return None


def _newest_first(runs: Mapping[str, Run]) -> list[Run]:
    return sorted(runs.values(), key=lambda run: run.created_at, reverse=True)


def _draw_choices(choice: Mapping[str, Run], chosen: Sequence[Run]) -> list[str]:
    """Draw the selects of runs and metrics; returns the metrics."""
    options = curve_keys(chosen)
    keys = [key for key in listed("keys") if key in options] or default_keys(chosen)
    st.session_state[RUNS], st.session_state[KEYS] = [run.id for run in chosen], keys
    left, right = st.columns([3, 2], gap="medium")
    left.multiselect(
        "Runs",
        [run.id for run in _newest_first(choice)],
        format_func=lambda run_id: _choice_words(choice[run_id]),
        key=RUNS,
        on_change=lambda: put_list("runs", st.session_state[RUNS]),
        placeholder="Search by name, id, kind or dataset",
        help=f"The newest {MOST_RUNS} training runs.",
    )
    right.multiselect(
        "Metrics, one panel each",
        options,
        key=KEYS,
        on_change=lambda: put_list("keys", st.session_state[KEYS]),
        disabled=not chosen,
        help="Metrics recorded by these runs.",
    )
    return keys


def _choice_words(run: Run) -> str:
    words = [run_title(run), run.id if run.name else "", run.kind.value, run.dataset or ""]
    return " · ".join(word for word in words if word)


def _draw_comparison(chosen: Sequence[Run], known: Mapping[str, Run], keys: list[str]) -> None:
    datasets = {dataset.name: dataset for dataset in client().call(endpoints.LIST_DATASETS)}
    view = ADDRESS.current()
    runs = compared_runs(chosen, known, datasets)
    groups = compared_groups(chosen)
    draw_compare_curves({"runs": runs, "groups": groups, "keys": keys}, view)
    drawn = chosen[: view.most]
    draw_config_differences(drawn)
    styles = {member: group["style"] for group in groups for member in group["runs"] if view.group}
    pretrained = [
        run | {"style": styles.get(run["id"], run["style"])}
        for run in runs[: view.most]
        if run["kind"] == RunKind.PRETRAIN
    ]
    if pretrained:
        section("Fixed galaxies", "reconstructed at the same epoch, with the original above")
        draw_compare_samples(pretrained)
    section("Details")
    draw_confusion_links(drawn)
    with st.expander("Metrics as files"):
        for run in drawn:
            draw_metric_files(run.id, run_title(run))
