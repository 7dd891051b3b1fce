"""From positions to a dataset of cut-outs, by a service that is right, slow, wrong, broken or busy."""

import io
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from backend.data.cutouts import requests as cutout_requests
from backend.data.cutouts.answers import read_cutout
from backend.data.cutouts.making import check_cutouts, inspect_cutouts, make_cutouts, preview_cutouts
from backend.data.cutouts.pacing import Pacer, StoppedError, back_off_s, retry_after_s
from backend.data.cutouts.requests import CutoutRequests, Part
from backend.data.frames.limits import UnreadableImageError
from backend.data.importers.reporting import ImportStopped
from backend.data.store import GalaxyStore, describe
from backend.errors import DataError
from backend.files import EVERYWHERE, try_lock
from shared.configs import CutoutsConfig
from shared.configs.surveys import SURVEYS
from tests.cutout_service import (
    CutoutSite,
    as_fits,
    band,
    colours,
    cutout_service,
    jpeg,
    table_text,
    wcs_cards,
)
from tests.data.conftest import raises

Make = Callable[..., Path]
SIDE = 32


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[CutoutSite]:
    with cutout_service() as site:
        monkeypatch.setenv("GALAXYSCOPE_HIPS2FITS_URL", site.url)
        monkeypatch.setenv("GALAXYSCOPE_LEGACY_VIEWER_URL", site.url + "/viewer")
        yield site


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "positions.csv"
    path.write_text(table_text())
    return path


def config_of(table: Path, **values: Any) -> CutoutsConfig:
    return CutoutsConfig.model_validate(
        {"path": str(table), "name": "cut", "survey": "legacy-dr10", "img_size": SIDE} | values
    )


@pytest.fixture
def make(table: Path, store_folder: Path, tmp_path: Path) -> Make:
    """make_cutouts with all but the config filled in."""

    def run(
        should_stop: Callable[[], bool] = lambda: False,
        say: Callable[[str], None] = lambda _line: None,
        **values: Any,
    ) -> Path:
        config = config_of(table, **values)
        return make_cutouts(
            config,
            store_folder,
            tmp_path / "cache",
            f"token-{config.name}",
            lambda *_, **__: None,
            should_stop,
            EVERYWHERE,
            say,
        )

    return run


def cached(tmp_path: Path) -> int:
    return sum(path.suffix in (".jpg", ".fits") for path in (tmp_path / "cache").rglob("*"))


def test_a_table_and_a_survey_become_a_dataset(make: Make, site: CutoutSite, tmp_path: Path) -> None:
    path = make()
    dataset = describe(path, "cut")
    with GalaxyStore.open(path) as store:
        assert store.source_ids == [str(1237648720693755918 + i) for i in range(20)]
        assert store.ra.tolist() == [i + 10.25 for i in range(20)]
        assert store.dec.tolist() == [i - 30.5 for i in range(20)]
        assert store.pxscale.tolist() == [0.262] * 20
        assert (store.class_names, store.labels.tolist()) == (["a", "b"], [0, 1] * 10)
        for row in range(20):
            seen = np.asarray(Image.open(io.BytesIO(jpeg(colours(row + 10.25, SIDE)))))
            assert (store.images(np.array([row]))[0] == seen).all()
    assert len(site.seen) == cached(tmp_path) == 20
    query = next(one for one in site.queries if one["ra"] == "10.2500000")
    assert query == {
        "hips": "CDS/P/DESI-Legacy-Surveys/DR10/color",
        "ra": "10.2500000",
        "dec": "-30.5000000",
        "width": "32",
        "height": "32",
        "fov": "0.00232888889",  # 32 px of 0.262 arcsec, in degrees
        "projection": "TAN",
        "coordsys": "icrs",
        "format": "jpg",
    }
    assert {headers["User-Agent"].split("/")[0] for *_, headers in site.seen} == {"galaxyscope"}
    assert "hips2fits" in dataset.provenance["acknowledgement"]
    assert [line.field for line in dataset.receipt if line.kind == "assumed"] == ["pxscale", "file_format"]


def test_a_second_dataset_of_the_same_positions_asks_nothing(make: Make, site: CutoutSite) -> None:
    first, second = make(), make(name="again")
    assert len(site.seen) == 20
    assert describe(first, "x").digest == describe(second, "x").digest
    make(name="other", fov=16.0)  # another scale is another cut-out
    assert len(site.seen) == 40
    assert site.queries[-1]["fov"] == f"{16 / 3600:.9g}"


def test_bands_are_fetched_as_fits_and_stored_as_astropy_and_numpy_have_them(
    make: Make, site: CutoutSite
) -> None:
    how = {
        "file_format": "fits",
        "bands": "z,g",
        "stretch": "linear",
        "low_percentile": 0,
        "high_percentile": 100,
    }
    with GalaxyStore.open(make(**how)) as store:
        assert store.bands == ["z", "g"]
        values = np.stack([[band(i + 10.25, name, SIDE) for name in "zg"] for i in range(20)]).astype(
            np.float64
        )
        low, high = (edge(values, axis=(0, 2, 3))[:, None, None] for edge in (np.min, np.max))
        expected = np.round(255 * (values - low) / (high - low)).astype(np.uint8)
        assert (store.images(np.arange(20)) == np.moveaxis(expected, 1, 3)).all()
    assert sorted({query["hips"] for query in site.queries}) == [
        f"CDS/P/DESI-Legacy-Surveys/DR10/{name}" for name in "gz"
    ]
    assert len(site.seen) == 40


def test_the_legacy_viewer_is_asked_in_its_own_form(make: Make, site: CutoutSite) -> None:
    with GalaxyStore.open(
        make(survey="legacy-viewer-dr10", file_format="fits", bands="g,r,z", fov=16)
    ) as store:
        assert (store.bands, store.images(np.arange(20)).shape) == (["g", "r", "z"], (20, 32, 32, 3))
    assert {path for _, path, _, _ in site.seen} == {"/viewer/fits-cutout"}
    assert site.queries[0] | {"ra": "", "dec": ""} == {
        "layer": "ls-dr10", "ra": "", "dec": "", "pixscale": "0.5", "size": "32", "bands": "grz",
    }  # fmt: skip
    make(name="colour", survey="legacy-viewer-dr10")
    assert site.seen[-1][1] == "/viewer/jpeg-cutout"


@pytest.mark.parametrize(
    ("act", "word", "kept", "file_format"),
    [
        ("page", "Service Unavailable", False, "jpg"),
        ("nothing", "empty", False, "jpg"),
        ("wrong size", "35 × 35", False, "jpg"),
        ("wrong size", "35 × 35", False, "fits"),
        ("truncated", "truncated", False, "jpg"),
        ("truncated", "truncated", False, "fits"),
        ("elsewhere", "evil.example", False, "jpg"),
        ("moved", "another place", False, "fits"),
        ("coarse", "0.524 arcsec per pixel, not 0.262", False, "fits"),
        ("404", "404", False, "jpg"),
        ("empty", "outside the survey", True, "jpg"),
        ("empty", "outside the survey", True, "fits"),
        ("edge", "47 % of it", True, "jpg"),
        ("nan", "25.0 %", True, "fits"),
    ],
)
def test_an_answer_that_is_not_the_image_is_named_and_never_stored(
    make: Make, site: CutoutSite, tmp_path: Path, act: str, word: str, kept: bool, file_format: str
) -> None:
    site.acts = {11: [act, act], 13: [act, act]}
    lines: list[str] = []
    bands = {"bands": "g"} if file_format == "fits" else {}
    dataset = describe(make(say=lines.append, file_format=file_format, **bands), "cut")
    assert (dataset.n, dataset.skipped_count) == (18, 2)
    assert [row.source for row in dataset.skipped] == ["1237648720693755919", "1237648720693755921"]
    assert all(word in row.reason for row in dataset.skipped)
    skipped = [line for line in dataset.receipt if line.kind == "skipped"]
    assert [(line.count, line.first) for line in skipped] == [(2, "1237648720693755919")]
    assert cached(tmp_path) == (20 if kept else 18)
    assert len(site.seen) == 20  # not asked twice
    make(name="again", file_format=file_format, **bands)
    assert len(site.seen) == (20 if kept else 22)


@pytest.mark.parametrize("act", ["503", "429", "drop"])
def test_a_service_that_is_busy_for_a_moment_is_asked_again(
    make: Make, site: CutoutSite, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    monkeypatch.setattr("backend.data.cutouts.pacing.FIRST_WAIT_S", 0.05)
    site.acts = {12: [act, act]}
    assert describe(make(), "cut").n == 20
    assert [int(float(query["ra"])) for query in site.queries].count(12) == 3


def test_retry_after_holds_every_thread(make: Make, site: CutoutSite) -> None:
    site.acts = {10: ["429:1"]}
    make()
    refused = next(at for at, _, query, _ in site.seen if int(float(query["ra"])) == 10)
    gaps = np.diff(sorted(at for at, *_ in site.seen))
    assert gaps.max() >= 0.8  # at most those under way came in between
    assert sum(refused < at < refused + 0.7 for at, *_ in site.seen) <= 40


def test_a_service_that_wants_to_be_left_alone_for_an_hour_ends_the_job(make: Make, site: CutoutSite) -> None:
    site.every = "503:3600"
    with raises(DataError, "service_busy", "127.0.0.1", "1 h 00 min"):
        make()
    assert len(site.seen) <= 4


def test_over_a_tenth_failed_ends_the_job_which_can_be_started_again(
    make: Make, site: CutoutSite, store_folder: Path, tmp_path: Path
) -> None:
    site.acts = {row: ["404"] for row in (12, 18, 25)}
    with raises(DataError, "cutouts_failed", "3 of 20", "404"):
        make()
    assert list(store_folder.iterdir()) == []
    asked, kept = len(site.seen), cached(tmp_path)
    assert kept >= 10
    assert describe(make(), "cut").n == 20
    assert len(site.seen) == asked + 20 - kept


def test_a_service_that_fails_all_the_time_is_not_asked_for_every_galaxy(
    make: Make, site: CutoutSite, table: Path, store_folder: Path
) -> None:
    table.write_text(table_text(200))
    site.every = "page"
    with raises(DataError, "service_failed", "127.0.0.1", "8 cut-outs in a row", "Service Unavailable"):
        make()
    assert len(site.seen) <= 16
    assert list(store_folder.iterdir()) == []


def test_a_stopped_job_goes_on_where_it_stopped(make: Make, site: CutoutSite, tmp_path: Path) -> None:
    site.slow_s = 0.02
    with pytest.raises(ImportStopped):
        make(should_stop=lambda: len(site.seen) >= 8)
    kept = cached(tmp_path)
    assert 4 <= kept < 20
    asked = len(site.seen)
    assert describe(make(), "cut").n == 20
    assert len(site.seen) - asked == 20 - kept
    make()  # the same job again: finished already
    assert len(site.seen) - asked == 20 - kept


def test_no_more_than_four_requests_are_under_way_and_they_keep_the_pace(
    make: Make, site: CutoutSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutout_requests, "MIRROR_PER_S", 20.0)
    site.slow_s = 0.3
    make()
    arrivals = sorted(at for at, *_ in site.seen)
    assert site.most <= 4
    assert arrivals[-1] - arrivals[0] >= 0.8 * 19 / 20


class Time:
    """A clock that only moves by waiting."""

    def __init__(self) -> None:
        self.now = 100.0

    def pause(self, seconds: float) -> bool:
        self.now += seconds
        return self.now > 1000


def test_turns_are_spaced_by_the_rate_and_held_back() -> None:
    time = Time()
    pacer, turns = Pacer(2.0, time.pause, lambda: time.now), []
    for turn in range(5):
        pacer.wait()
        turns.append(time.now)
        if turn == 2:
            pacer.hold(30)
    assert turns == [100.0, 100.5, 101.0, 131.0, 131.5]
    pacer.hold(1e6)
    with pytest.raises(StoppedError):
        pacer.wait()


def test_the_wait_doubles_with_jitter_or_is_the_one_requested() -> None:
    assert [back_off_s(n, None, lambda: 0.5) for n in (1, 2, 3, 20)] == [1, 2, 4, 120]
    assert (back_off_s(2, None, lambda: 0.0), back_off_s(2, None, lambda: 0.999)) == (1.0, 2 * 1.499)
    assert back_off_s(1, 7.0) == 7.0
    assert retry_after_s("12") == 12
    assert retry_after_s(None) is retry_after_s("soon") is None
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < (retry_after_s(later) or 0) <= 90
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0


def test_real_services_are_asked_at_their_own_rates(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GALAXYSCOPE_HIPS2FITS_URL", "GALAXYSCOPE_LEGACY_VIEWER_URL"):
        monkeypatch.delenv(name, raising=False)
    for survey, row in SURVEYS.items():
        requests = CutoutRequests(config_of(table, survey=survey))
        assert requests.per_s == {"hips2fits": 2.0, "legacy-viewer": 0.9}[row.service]
        assert requests.parts(1.0, 2.0, 0.5)[0].url.startswith("https://")
        assert requests.parts(1.0, 2.0, 0.5)[0].file.parts[0] == survey
    monkeypatch.setenv("GALAXYSCOPE_HIPS2FITS_URL", "ftp://x")
    with raises(DataError, "bad_url", "ftp://x"):
        _ = CutoutRequests(config_of(table)).per_s


def test_the_cost_is_known_before_and_nobody_is_asked(
    table: Path, site: CutoutSite, tmp_path: Path, make: Make
) -> None:
    cost = inspect_cutouts(config_of(table), tmp_path / "cache", EVERYWHERE)
    assert (cost.n, cost.requests, cost.cached, cost.problems) == (20, 20, 0, [])
    assert cost.seconds == 20 / cost.per_s
    assert cost.arcsec == pytest.approx(32 * 0.262)
    assert site.seen == []
    make()
    again = inspect_cutouts(config_of(table), tmp_path / "cache", EVERYWHERE)
    assert (again.requests, again.cached, again.seconds) == (0, 20, 0)


def test_more_than_twenty_thousand_requests_are_refused(table: Path, tmp_path: Path) -> None:
    table.write_text("ra,dec\n" + "".join(f"{i / 60:.4f},1\n" for i in range(20_001)))
    with raises(DataError, "too_many_positions", "20,001", "bricks", "HATS"):
        check_cutouts(config_of(table), tmp_path, EVERYWHERE)
    assert check_cutouts(config_of(table, cone="100,1,5"), tmp_path, EVERYWHERE).n == 601
    with raises(DataError, "too_many_positions", "80,004"):
        check_cutouts(config_of(table, file_format="fits"), tmp_path, EVERYWHERE)


def test_a_preview_asks_for_sixteen(table: Path, site: CutoutSite, tmp_path: Path, make: Make) -> None:
    png = preview_cutouts(config_of(table), tmp_path / "cache", EVERYWHERE)
    assert Image.open(io.BytesIO(png)).size == (768, 192)
    assert len(site.seen) == 16
    make()
    assert len(site.seen) == 20


def test_a_preview_does_not_ask_a_service_that_a_job_is_asking(
    table: Path, site: CutoutSite, tmp_path: Path, make: Make
) -> None:
    (tmp_path / "cache").mkdir()
    handle = try_lock(tmp_path / "cache" / ".hips2fits.lock")
    assert handle is not None
    with raises(DataError, "service_in_use", "CDS hips2fits"):
        preview_cutouts(config_of(table), tmp_path / "cache", EVERYWHERE)
    ticks = iter(range(100))
    with pytest.raises(ImportStopped):  # a job waits, and can be stopped meanwhile
        make(should_stop=lambda: next(ticks) == 2)
    assert site.seen == []
    os.close(handle)
    assert describe(make(), "cut").n == 20


def test_galaxies_at_one_place_share_a_request(table: Path, site: CutoutSite, make: Make) -> None:
    rows = [f"g{i},{10 + i % 60},5" for i in range(120)]
    table.write_text("\n".join(["id,ra,dec", *rows]))
    site.acts = {12: ["empty"]}
    dataset = describe(make(), "cut")
    assert (len(site.seen), dataset.n, dataset.skipped_count) == (60, 118, 2)
    assert [row.source for row in dataset.skipped] == ["g2", "g62"]


def test_a_preview_of_nothing_says_why(table: Path, site: CutoutSite, tmp_path: Path) -> None:
    site.every = "empty"
    with raises(DataError, "cutouts_failed", "16 cut-outs", "outside the survey"):
        preview_cutouts(config_of(table), tmp_path / "cache", EVERYWHERE)


@given(st.data())
def test_damaged_answers_are_images_or_refused(data: st.DataObject) -> None:
    """Never another error, never another shape."""
    kind = data.draw(st.sampled_from(["jpg", "fits"]))
    whole = (
        jpeg(colours(1.0, SIDE))
        if kind == "jpg"
        else as_fits(
            np.stack([band(1.0, b, SIDE) for b in "gr"]),
            **wcs_cards({"ra": "1", "dec": "2", "pixscale": "0.262"}, SIDE),
        )
    )
    answer = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 12))):
        answer[data.draw(st.integers(0, len(answer) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(answer[: data.draw(st.integers(0, len(answer)))] if data.draw(st.booleans()) else answer)
    bands = () if kind == "jpg" else ("g", "r")
    try:
        frame = read_cutout(cut, Part("", Path(f"x.{kind}"), bands, 1.0, 2.0, 0.262), SIDE)
    except UnreadableImageError:
        return
    assert (frame.shape, frame.dtype) == ((SIDE, SIDE, len(bands) or 3), "float32" if bands else "uint8")
