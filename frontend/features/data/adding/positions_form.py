"""Cut-outs of positions: a table or a pasted list, a survey and a size; the cost, a preview, the job."""

import json
from typing import Any

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.data.adding import positions_values
from frontend.features.data.adding.folder_chooser import draw_folder_chooser
from frontend.features.data.adding.import_fields import ONLY_ASINH, STRETCH, draw_role
from frontend.features.data.adding.positions_values import KEY, ROLES, SPECS
from frontend.features.data.adding.source_preview import draw_source_preview
from frontend.features.data.jobs import queue_job
from frontend.features.data.receipt import draw_receipt
from frontend.features.data.words import name_fault
from frontend.ui.blocks import bullets, facts, section, table, wrong
from frontend.ui.config_form import check_values
from frontend.ui.session import client
from frontend.ui.setting_fields import KEEP, draw_setting
from frontend.ui.upload.upload import POSITIONS, draw_upload
from frontend.ui.wording import count, duration, size
from shared.configs import CutoutsConfig
from shared.configs.kinds import RunKind
from shared.configs.surveys import SURVEYS
from shared.contract import endpoints
from shared.contract.cutouts import CutoutsPreview

REFUSED = "cutouts_refused"
LAST = "cutouts_inspected"
PREVIEWED = "cutouts_previewed"
EXAMPLE = "NGC 1300, 49.9208, -19.4111\nM 51 13:29:52.7 +47:11:43"


def draw_positions(names: list[str]) -> None:
    """The whole form; `names` are taken dataset names."""
    positions_values.clear_if_queued()
    positions_values.hydrate()
    positions_values.reset_on_new_table(names)
    path = positions_values.path()
    top = st.container()
    _draw_choice(path)
    positions_values.remember()
    given = positions_values.given()
    preview, faults = _inspect(given) if path else (None, {})
    refused_for, refused = st.session_state.get(REFUSED, (None, {}))
    faults = {**(refused if refused_for == given else {}), **faults}
    unnamed = name_fault(given.get("name", ""), names) if preview is not None else ""
    faults = {**faults, "name": unnamed} if unnamed else faults
    with top:
        empty = "choose below, or type the path of a table on the server"
        draw_setting(SPECS["path"], KEY + "path", empty=empty, error=faults.get("path", ""))
    if preview is not None:
        _draw_form(preview, given, faults)
    elif path:
        bullets([sentence for field, sentence in faults.items() if field != "path"], bad=True)
        st.button("Check again", on_click=fetch_cost.clear)


def _draw_choice(path: str) -> None:
    with st.expander("Choose positions", expanded=not path):
        left, right = st.columns(2, gap="medium")
        with left:
            st.caption("A table on the Galaxyscope server")
            draw_folder_chooser("cutouts_folder", on_choose=positions_values.set_path)
        with right:
            st.caption("A table on this computer")
            draw_upload(POSITIONS, "cutouts_upload", on_done=positions_values.take_upload)
            st.text_area(
                "Or paste a list: a name if you like, RA and Dec, one line per galaxy",
                key="cutouts_list",
                placeholder=EXAMPLE,
                height=110,
                **KEEP,
            )
            st.button("Use this list", on_click=positions_values.take_list)
            fault = st.session_state.pop("cutouts_list_fault", "")
            if fault:
                wrong(fault)


@st.cache_data(ttl="20s", max_entries=32, show_spinner=False)
def fetch_cost(values: str) -> CutoutsPreview:
    """What a job with these values (JSON) would fetch; asks no survey."""
    return client().call(endpoints.INSPECT_CUTOUTS, body=json.loads(values))


def _inspect(given: dict[str, Any]) -> tuple[CutoutsPreview | None, dict[str, str]]:
    """What a job would fetch, and the errors by field; an invalid value keeps the last preview."""
    values = {name: value for name, value in given.items() if name != "name"}
    _, faults = check_values(CutoutsConfig, {**values, "name": "unnamed"})
    if not faults:
        try:
            preview = fetch_cost(json.dumps(values, sort_keys=True))
        except ApiError as error:
            faults = {error.field or "": error.detail}
        else:
            st.session_state[LAST] = (values["path"], preview)
            faults = {problem.field or problem.code: problem.detail for problem in reversed(preview.problems)}
    path, preview = st.session_state.get(LAST, ("", None))
    return (preview if path == values["path"] else None), faults


def _draw_form(preview: CutoutsPreview, given: dict[str, Any], faults: dict[str, str]) -> None:
    wide, side = st.columns([8, 5], gap="large")
    with wide:
        section("Preview", "asks the survey for sixteen, only when you press")
        _draw_preview(preview, given, bool(set(faults) - {"name"}))
        if preview.rows:
            table(preview.rows, f"The first {len(preview.rows)} rows of the table")
        drawn = _draw_columns(preview, faults)
    with side:
        drawn |= _draw_survey(faults)
        section("Cost", "before anything is fetched")
        facts(cost_rows(preview))
        draw_receipt(preview.receipt, specs=SPECS)
        section("Start")
        draw_setting(SPECS["name"], KEY + "name", error=faults.get("name", ""))
        elsewhere = [sentence for field, sentence in faults.items() if field not in drawn | {"path", "name"}]
        if elsewhere:
            bullets(elsewhere, bad=True)
        words = f"Fetch {count(preview.n)} cut-outs"
        if st.button(words, type="primary", width="stretch", disabled=bool(faults)):
            _start(given)
        st.caption("A stopped job goes on where it stopped when it is started again.")


def _draw_preview(preview: CutoutsPreview, given: dict[str, Any], faulty: bool) -> None:
    values = {name: value for name, value in given.items() if name != "name"}
    if st.session_state.get(PREVIEWED) == values:
        caption = (
            f"{min(preview.n, 16)} of {count(preview.n)}, evenly spaced in the table, as they would be stored"
        )
        draw_source_preview(values, preview.n, caption, "/cutouts/preview.png")
    elif st.button("Preview 16", disabled=faulty, icon=":material/image_search:"):
        st.session_state[PREVIEWED] = values
        st.rerun()


def _draw_columns(preview: CutoutsPreview, faults: dict[str, str]) -> set[str]:
    section("Columns", "guessed from their names unless you choose")
    grid = st.grid("auto", min_column_width=200, gap="small")
    for name in ROLES:
        with grid.cell():
            draw_role(SPECS[name], KEY + name, preview.columns, preview.roles.get(name), faults.get(name, ""))
    return set(ROLES)


def _draw_survey(faults: dict[str, str]) -> set[str]:
    section("Survey")
    key = KEY + "survey"
    titles = {name: survey.title for name, survey in SURVEYS.items()}
    st.selectbox("survey", list(titles), format_func=titles.__getitem__, key=key, **KEEP)
    survey = SURVEYS[st.session_state[key]]
    fits = st.session_state.get(KEY + "file_format") == "fits"
    empty = {
        "pxscale": f"{survey.pxscale:g}, its own",
        "fov": "from the pixel scale",
        "bands": ",".join(survey.bands),
        "cone": "all: RA, Dec, radius in degrees",
    }
    fields = ["file_format", "img_size", "pxscale", "fov", "cone"]
    if fits:
        linear = st.session_state.get(KEY + "stretch") == "linear"
        fields += [name for name in STRETCH if not (linear and name in ONLY_ASINH)]
    grid = st.grid("auto", min_column_width=150, gap="small")
    for name in fields:
        with grid.cell():
            draw_setting(SPECS[name], KEY + name, empty=empty.get(name, ""), error=faults.get(name, ""))
    return {"survey", *fields}


def cost_rows(preview: CutoutsPreview) -> list[tuple[str, str]]:
    """Names and values: how many, how long, how much."""
    rows = [("Cut-outs", count(preview.n))]
    if preview.cached:
        rows.append(("Fetched before", count(preview.cached)))
    if preview.arcsec is not None:
        rows.append(("Width", f"{preview.arcsec:.3g} arcsec"))
    if preview.requests:
        rate = f"at {preview.per_s:g} a second"
        rows.append(("Requests", f"{count(preview.requests)} to {preview.service}"))
        rows.append(("Time", f"{duration(preview.seconds)} {rate}"))
        rows.append(("To fetch", f"about {size(preview.fetch_bytes)}"))
    rows.append(("On disk", size(preview.size_bytes)))
    rows.append(("Cite", preview.acknowledgement))
    return rows


def _start(given: dict[str, Any]) -> None:
    refused = queue_job(RunKind.CUTOUTS, given)
    st.session_state[REFUSED] = (given, refused)
    if not refused:
        positions_values.note_queued()
    st.rerun()
