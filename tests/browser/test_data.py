"""Bringing data in and looking at it, in a real browser."""

import csv
import io
import os
import re
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import h5py
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.annotations import CollectionAddition
from shared.contract.runs import RunRequest
from tests.browser.conftest import Site, Visit
from tests.cutout_service import CutoutSite

pytestmark = pytest.mark.browser

CELLS = ".gx-galaxy_grid .cells button"
READY = "is ready: {} galaxies."


@pytest.fixture(scope="session")
def real_galaxies() -> Path:
    folder = os.environ.get("GALAXYSCOPE_TEST_DATA")
    if not folder:
        pytest.skip("GALAXYSCOPE_TEST_DATA is not set: no real galaxies are imported through the page")
    return Path(folder)


@pytest.fixture(scope="module")
def surveyed(site: Site) -> str:
    """A dataset of 60 galaxies in four classes, with places on the sky and redshifts."""
    rng = np.random.default_rng(3)
    with h5py.File(site.home / "incoming" / "surveyed.h5", "w") as file:
        file["images"] = rng.integers(0, 256, (60, 32, 32, 3), np.uint8)
        file["ans"] = np.arange(60) % 4
        file["ra"] = 2.0 + 6.0 * np.arange(60)
        file["dec"] = np.linspace(-10.0, 10.0, 60)
        file["redshift"] = np.linspace(0.01, 0.6, 60)
    path = str(site.home / "incoming" / "surveyed.h5")
    made = site.run_to_the_end(RunRequest(kind=RunKind.IMPORT, config={"name": "surveyed", "path": path}))
    assert made is RunState.SUCCEEDED
    return "surveyed"


def fill(field: Locator, text: str) -> None:
    field.fill(text)
    field.press("Enter")


def fold(page: Page, title: str) -> None:
    page.locator("summary").filter(has_text=title).click()


def pictures(n: int) -> list[FilePayload]:
    """PNG files of a blob that no two share, and a table that calls every second one round."""
    y, x = np.mgrid[-16:16, -16:16]
    rng = np.random.default_rng(0)
    files: list[FilePayload] = []
    for i in range(n):
        blob = 200 * np.exp(-((x / (2 + i % 7)) ** 2) - (y / (3 + i // 7)) ** 2)
        noisy = np.clip(blob[..., None] + rng.normal(20, 6, (32, 32, 3)), 0, 255).astype(np.uint8)
        held = io.BytesIO()
        Image.fromarray(noisy).save(held, "PNG")
        files.append({"name": f"blob{i:02d}.png", "mimeType": "image/png", "buffer": held.getvalue()})
    rows = ["file,class", *(f"blob{i:02d}.png,{'round' if i % 2 else 'long'}" for i in range(n))]
    files.append({"name": "labels.csv", "mimeType": "text/csv", "buffer": "\n".join(rows).encode()})
    return files


def test_efigi_is_chosen_on_the_server_and_imported_with_its_columns(
    visit: Visit, site: Site, real_galaxies: Path
) -> None:
    page = visit.page
    visit.open("/data?add=import")
    page.get_by_role("button", name=str(real_galaxies.resolve()), exact=True).click()
    page.locator(".gx-folder_chooser .row").filter(has_text="efigi").click()
    expect(page.locator(".gx-folder_chooser .row").filter(has_text="labels.csv")).to_be_visible()
    page.get_by_role("button", name="Choose this folder").click()
    expect(page.get_by_role("combobox", name="label_column")).to_have_value("efigi_coarse_type · guessed")
    expect(page.get_by_role("combobox", name="id_column")).to_have_value("pgc_name · guessed")
    expect(page.locator(".gx-table tbody tr")).to_have_count(5)
    expect(page.locator(".gx-source_preview .tiles span[style]")).to_have_count(16)
    page.get_by_role("button", name="Import 4,458 galaxies").click()
    expect(page.get_by_text("efigi " + READY.format("4,458"))).to_be_visible()
    page.get_by_role("button", name="Show it").click()
    expect(page.locator(".gx-class_bars button")).to_have_count(8)
    efigi = site.client.call(endpoints.GET_DATASET, name="efigi")
    with (real_galaxies / "efigi" / "labels.csv").open(newline="") as table:
        assert efigi.class_counts == Counter(row["efigi_coarse_type"] for row in csv.DictReader(table))
    assert (
        site.client.call(endpoints.LIST_GALAXIES, name="efigi", limit=1)
        .galaxies[0]
        .source_id.startswith("PGC")
    )


def test_a_galaxy10_file_is_imported_by_its_typed_path(visit: Visit, site: Site, real_galaxies: Path) -> None:
    page = visit.page
    visit.open("/data?add=import")
    fill(page.get_by_role("textbox", name="path"), str(real_galaxies / "galaxy10_decals_60.h5"))
    fill(page.get_by_role("spinbutton", name="img_size, px"), "64")
    expect(page.get_by_text("64 × 64 px, 737 kB")).to_be_visible()
    page.get_by_role("button", name="Import 60 galaxies").click()
    expect(page.get_by_text("is ready: 60 galaxies.")).to_be_visible()
    made = site.client.call(endpoints.GET_DATASET, name="galaxy10_decals_60")
    assert (made.n, made.img_size, len(made.class_names)) == (60, 64, 10)


def write_band_files(folder: Path) -> None:
    """24 galaxies, a FITS file a band with a WCS, and a FITS table with 64-bit ids."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:32, :32] - 15.5
    ids = np.arange(24) + 1237648720693755918
    for index, name in enumerate(ids.tolist()):
        width = 3 + 3 * (index % 2)
        for band in "grz":
            flux = np.exp(-(x**2 + (y / 2) ** 2) / width**2) + rng.normal(0, 0.01, x.shape)
            hdu = fits.PrimaryHDU(flux.astype(np.float32))
            hdu.header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=10.0 + index, CRVAL2=-5.0)
            hdu.header.update(CRPIX1=16.5, CRPIX2=16.5, CDELT1=-7e-5, CDELT2=7e-5)
            hdu.writeto(folder / f"{name}_{band}.fits")
    kinds = np.where(np.arange(24) % 2, "large", "small")
    Table({"objid": ids, "class": kinds, "redshift": rng.random(24)}).write(folder / "catalogue.fits")


def test_one_band_files_with_a_fits_table_become_a_trained_model(visit: Visit, site: Site) -> None:
    folder = site.home / "incoming" / "bands"
    write_band_files(folder)
    page = visit.page
    visit.open("/data?add=import")
    fill(page.get_by_role("textbox", name="path"), str(folder))
    expect(page.get_by_text("72 files of g, r, z make 24 images")).to_be_visible()
    fill(page.get_by_role("textbox", name="name", exact=True), "one-band-files")
    page.get_by_role("button", name="Import 24 galaxies").click()
    expect(page.get_by_text("one-band-files " + READY.format(24))).to_be_visible()
    made = site.client.call(endpoints.GET_DATASET, name="one-band-files")
    assert (made.bands, made.with_sky, len(made.class_names)) == (["g", "r", "z"], 24, 2)
    first = site.client.call(endpoints.LIST_GALAXIES, name="one-band-files", limit=1).galaxies[0]
    assert (first.source_id, first.ra) == ("1237648720693755918", pytest.approx(10.0))
    visit.open("/data?dataset=one-band-files&open=receipt")
    expect(page.get_by_text("72 files of g, r, z make 24 images")).to_be_visible()
    small = "patch_size=4 embed_dim=32 depth=1 num_heads=1 decoder_embed_dim=32 decoder_depth=1 "
    small += "decoder_num_heads=1 batch_size=8 epochs=2 warmup_epochs=1 eval_every_epochs=1 img_size=32"
    sets = "".join(f"&set={quote(one)}" for one in small.split())
    visit.open("/launch?on=one-band-files&view=full" + sets)
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/run?run=*")
    run_id = parse_qs(urlsplit(page.url).query)["run"][0]
    assert site.wait_for_end(run_id) is RunState.SUCCEEDED


def test_files_of_ones_own_computer_are_uploaded_with_their_table_and_imported(
    visit: Visit, site: Site
) -> None:
    page = visit.page
    visit.open("/data?add=import")
    page.locator(".gx-upload input[type=file]").set_input_files(pictures(24))
    expect(page.locator(".gx-source_preview .tiles span[style]")).to_have_count(16)
    fill(page.get_by_role("textbox", name="name", exact=True), "blobs")
    page.get_by_role("button", name="Import 24 galaxies").click()
    expect(page.get_by_text("blobs " + READY.format(24))).to_be_visible()
    assert site.client.call(endpoints.GET_DATASET, name="blobs").class_counts == {"long": 12, "round": 12}
    expect(page.get_by_role("textbox", name="path")).to_have_value("")


def test_a_pasted_list_of_positions_becomes_a_dataset_of_cut_outs(
    visit: Visit, site: Site, surveys: CutoutSite
) -> None:
    page = visit.page
    visit.open("/data?add=positions")
    lines = "\n".join(f"galaxy {i}, {i + 20.5}, {i - 5.5}" for i in range(18))
    page.get_by_role("textbox", name="Or paste a list").fill(lines)
    page.get_by_role("button", name="Use this list").click()
    expect(page.get_by_role("button", name="Fetch 18 cut-outs")).to_be_enabled()
    fill(page.get_by_role("spinbutton", name="img_size, px"), "32")
    expect(page.get_by_text("8.38 arcsec")).to_be_visible()
    expect(page.get_by_text("18 to CDS hips2fits")).to_be_visible()
    assert surveys.seen == []
    page.get_by_role("button", name="Preview 16").click()
    expect(page.locator(".gx-source_preview .tiles span[style]")).to_have_count(16)
    assert len(surveys.seen) == 16
    fill(page.get_by_role("textbox", name="name", exact=True), "cut")
    expect(page).to_have_url(re.compile("name%3Dcut"))
    page.reload()
    expect(page.get_by_role("textbox", name="name", exact=True)).to_have_value("cut")
    page.get_by_role("button", name="Fetch 18 cut-outs").click()
    expect(page.get_by_text("cut " + READY.format(18))).to_be_visible()
    assert len(surveys.seen) == 18
    made = site.client.call(endpoints.GET_DATASET, name="cut")
    assert (made.n, made.with_sky, made.img_size) == (18, 18, 32)
    galaxies = site.client.call(endpoints.LIST_GALAXIES, name="cut", limit=1).galaxies
    assert (galaxies[0].source_id, galaxies[0].ra, galaxies[0].pxscale) == ("galaxy 0", 20.5, 0.262)


def test_positions_that_cannot_be_fetched_say_why_at_their_field(visit: Visit, site: Site) -> None:
    page = visit.page
    visit.open("/data?add=positions")
    (site.home / "incoming" / "few.csv").write_text("id,ra,dec\na,1,1\nb,2,2\n")
    fill(page.get_by_role("textbox", name="path"), str(site.home / "incoming" / "few.csv"))
    expect(page.get_by_role("alert").filter(has_text="2 positions")).to_be_visible()
    expect(page.get_by_role("button", name="Fetch 2 cut-outs")).to_be_disabled()
    fill(page.get_by_role("textbox", name="cone"), "north")
    expect(page.get_by_role("alert").filter(has_text="north")).to_be_visible()


def test_an_upload_that_cannot_be_imported_is_refused_before_it_is_sent(visit: Visit) -> None:
    page = visit.page
    visit.open("/data?add=import")
    page.locator(".gx-upload input[type=file]").set_input_files(
        {"name": "notes.docx", "mimeType": "text/plain", "buffer": b"no galaxies"}
    )
    expect(page.get_by_role("alert").filter(has_text="notes.docx")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()


def test_bad_values_say_what_to_do_at_their_field_and_nothing_typed_is_lost(
    visit: Visit, surveyed: str, site: Site
) -> None:
    page = visit.page
    visit.open("/data?add=import")
    path = page.get_by_role("textbox", name="path")
    fill(path, "/nowhere/at/all")
    expect(page.get_by_role("alert").filter(has_text="/nowhere/at/all")).to_be_visible()
    fill(path, str(site.home / "incoming" / "surveyed.h5"))
    name = page.get_by_role("textbox", name="name", exact=True)
    expect(page.get_by_role("button", name="Import 60 galaxies")).to_be_enabled()
    fill(name, surveyed)
    expect(page.get_by_text(f"A dataset named {surveyed} already exists")).to_be_visible()
    expect(page.get_by_role("button", name="Import 60 galaxies")).to_be_disabled()
    page.get_by_text("crop", exact=True).click()
    expect(page.get_by_text("crop needs img_size")).to_be_visible()
    expect(page.locator(".gx-source_preview .tiles span[style]")).to_have_count(16)
    page.wait_for_url("**crop%3Dtrue**")
    page.reload()
    expect(name).to_have_value(surveyed)
    expect(page.get_by_text("crop needs img_size")).to_be_visible()
    fill(page.get_by_role("spinbutton", name="img_size, px"), "16")
    fill(name, "surveyed-crop")
    expect(page.get_by_role("button", name="Import 60 galaxies")).to_be_enabled()


def test_the_grid_is_filtered_by_redshift_and_a_subset_takes_the_filter_over(
    visit: Visit, surveyed: str, site: Site
) -> None:
    page = visit.page
    visit.open(f"/data?dataset={surveyed}")
    fill(page.get_by_role("spinbutton", name="redshift to"), "0.3")
    expect(page.locator(CELLS)).to_have_count(30)  # 0.01, 0.02 … 0.30
    page.wait_for_url("**zmax=0.3**")
    fold(page, "Create a subset from these galaxies")
    expect(page.get_by_role("spinbutton", name="redshift_max")).to_have_value("0.3")
    fill(page.get_by_role("textbox", name="name", exact=True), "nearby")
    page.get_by_role("button", name="Create subset").click()
    expect(page.get_by_text("nearby " + READY.format(30))).to_be_visible()
    page.get_by_role("button", name="Show it").click()
    page.wait_for_url("**dataset=nearby**")
    expect(page.locator(CELLS)).to_have_count(30)
    made = site.client.call(endpoints.GET_DATASET, name="nearby")
    assert made.redshift_range is not None
    assert made.redshift_range[1] == pytest.approx(0.3)


def test_on_the_sky_map_right_ascension_grows_to_the_left_and_enter_opens_a_galaxy(
    visit: Visit, surveyed: str
) -> None:
    page = visit.page
    visit.open(f"/data?dataset={surveyed}")
    fold(page, "Sky map: 60 with coordinates")
    sky = page.locator(".gx-sky_map canvas")
    expect(sky).to_have_attribute(
        "aria-label",
        "Sky map of 60 galaxies, RA 2.0° to 356.0°, Dec -10.0° to 10.0°. "
        "Arrow keys go from galaxy to galaxy, Enter opens one.",
    )
    sky.focus()
    rightmost_first = []
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
        tip = page.locator(".gx-sky_map .tip span")
        expect(tip).to_contain_text("°")
        words = tip.inner_text()
        rightmost_first.append(float(words.splitlines()[1].split("°")[0]))
    assert rightmost_first[0] > 340, "the first is the leftmost: just below 360°"
    assert rightmost_first[1:] == sorted(rightmost_first[1:]), "then from the right end on"
    assert max(rightmost_first[1:]) < 60
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Galaxy")
    expect(dialog.get_by_text(f"{rightmost_first[-1]:.5f}°")).to_be_visible()


def test_an_address_rings_one_galaxy_on_the_sky_and_says_where_there_is_none(
    visit: Visit, surveyed: str
) -> None:
    sky = visit.page.locator(".gx-sky_map")
    visit.open(f"/data?dataset={surveyed}&open=sky&galaxy=7")
    expect(sky).to_contain_text("galaxy 7 is marked")
    expect(sky.locator(".tip")).to_contain_text("44.000°")
    visit.open(f"/data?dataset={surveyed}&open=sky&galaxy=60")
    expect(sky).to_contain_text("Galaxy 60 has no coordinates.")


def test_a_collection_is_seen_renamed_removed_and_put_back(visit: Visit, site: Site, surveyed: str) -> None:
    site.client.call(
        endpoints.ADD_TO_COLLECTION,
        name=surveyed,
        collection="Odd: 1",
        body=CollectionAddition(rows=[40, 3, 7]),
    )
    visit.open(f"/data?dataset={surveyed}&collection=Odd%3A+1&open=collections")
    page = visit.page
    expect(page.locator(CELLS)).to_have_count(3)
    fill(page.get_by_label("Note of Odd: 1"), "two cores")
    fill(page.get_by_label("Name of Odd: 1"), "Odd ones")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Odd ones removed.")).to_be_visible()
    assert site.client.call(endpoints.LIST_COLLECTIONS, name=surveyed) == []
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Odd ones restored.")).to_be_visible()
    [again] = site.client.call(endpoints.LIST_COLLECTIONS, name=surveyed)
    assert (again.name, again.note, again.n) == ("Odd ones", "two cores", 3)
    rows = csv.DictReader(
        io.StringIO(
            site.client.call(
                endpoints.COLLECTION_FILE, name=surveyed, collection="Odd ones", file_format="csv"
            ).decode()
        )
    )
    assert [row["row"] for row in rows] == ["40", "3", "7"]


def test_what_is_typed_outlives_news_that_draws_the_list_anew(
    visit: Visit, site: Site, surveyed: str
) -> None:
    site.client.call(
        endpoints.ADD_TO_COLLECTION, name=surveyed, collection="Kept", body=CollectionAddition(rows=[1])
    )
    page = visit.page
    answers: list[Route] = []
    page.route("**/collections/Kept", lambda route: answers.append(route))  # noqa: PLW0108 - Playwright marks the function
    visit.open(f"/data?dataset={surveyed}&open=collections")
    with page.expect_request("**/collections/Kept"):
        fill(page.get_by_label("Name of Kept"), "Kept longer")
    note = page.get_by_label("Note of Kept")
    note.click()
    note.press_sequentially("half a ")
    field = note.element_handle()
    answers.pop().continue_()
    note = page.get_by_label("Note of Kept longer")
    expect(note).to_be_focused()
    expect(note).to_have_value("half a ")
    assert note.evaluate("(node, field) => node === field", field)
    note.press_sequentially("word")
    with page.expect_response("**/collections/Kept%20longer"):
        note.press("Enter")
    assert [
        one.note
        for one in site.client.call(endpoints.LIST_COLLECTIONS, name=surveyed)
        if one.name == "Kept longer"
    ] == ["half a word"]


def test_a_split_is_downloaded_changed_and_brought_back_as_a_dataset(
    visit: Visit, surveyed: str, site: Site
) -> None:
    page = visit.page
    visit.open(f"/data?dataset={surveyed}")
    fold(page, "Split: download")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the split").click()
    text = waiting.value.path().read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 60
    mine = ["row,split", *(f"{i},{'val' if i < 15 else 'train'}" for i in range(45))]
    table: FilePayload = {"name": "mine.csv", "mimeType": "text/csv", "buffer": "\n".join(mine).encode()}
    page.locator(".gx-upload input[type=file]").set_input_files(table)
    expect(page.get_by_text("mine.csv.")).to_be_visible()
    page.get_by_role("button", name="Create dataset with this split").click()
    expect(page.get_by_text(f"{surveyed}-split " + READY.format(45))).to_be_visible()
    split = site.client.call(endpoints.GET_DATASET, name=f"{surveyed}-split").split_counts
    assert (split["train"], split["val"], split.get("test", 0)) == (30, 15, 0)


def test_a_dataset_is_renamed_described_and_deleted_after_its_name_was_typed(
    visit: Visit, site: Site
) -> None:
    config = {"name": "doomed", "n": 20, "img_size": 32}
    assert site.run_to_the_end(RunRequest(kind=RunKind.SIMULATE, config=config)) is RunState.SUCCEEDED
    page = visit.page
    visit.open("/data?dataset=doomed")
    fold(page, "Rename or describe")
    name = page.get_by_role("textbox", name="Name", exact=True)
    name.fill("Not A Name")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Not A Name is not a valid dataset name")).to_be_visible()
    name.fill("condemned")
    page.get_by_role("textbox", name="Description").fill("made <b>only</b> to go")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**dataset=condemned**")
    expect(page.locator(".gx-headline").get_by_text("made <b>only</b> to go")).to_be_visible()
    fold(page, "Delete")
    expect(page.get_by_text("No run was trained or evaluated on this dataset.")).to_be_visible()
    delete = page.get_by_role("button", name="Delete condemned")
    expect(delete).to_be_disabled()
    fill(page.get_by_role("textbox", name="Type condemned to confirm"), "condemned")
    delete.click()
    expect(page.get_by_text("condemned deleted.")).to_be_visible()
    assert "condemned" not in [dataset.name for dataset in site.client.call(endpoints.LIST_DATASETS)]
    assert not list((site.home / "datasets").glob("doomed*"))


def test_no_way_to_add_a_dataset_scrolls_sideways_on_a_phone(phone: Visit) -> None:
    for way in ("import", "download", "simulate"):
        phone.open(f"/data?add={way}")
        expect(phone.page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
        wide = phone.page.evaluate("() => document.querySelector('.stMain').scrollWidth - window.innerWidth")
        assert wide <= 0, way


def test_simulated_galaxies_are_made_and_the_next_name_is_free(visit: Visit) -> None:
    page = visit.page
    visit.open("/data?add=simulate")
    name = page.get_by_role("textbox", name="name", exact=True)
    fill(name, "second-sky")
    fill(page.get_by_role("spinbutton", name="n, images"), "60")
    page.get_by_role("button", name="Simulate", exact=True).click()
    expect(page.get_by_text("second-sky " + READY.format(60))).to_be_visible()
    expect(name).to_have_value("simulated")
