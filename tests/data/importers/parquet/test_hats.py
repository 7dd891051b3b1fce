"""HATS catalogues: bands of floats, and only the files that a cone meets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from backend.data.frames.stretch import Stretch
from backend.data.importers import import_dataset, inspect_source
from backend.data.importers.parquet.region import Box, Cone, pixel_centres, pixels_met
from backend.data.store import GalaxyStore, describe
from backend.errors import ForbiddenError
from backend.files import EVERYWHERE
from shared.configs import ImportConfig
from tests.data.conftest import raises, refused

Write = Callable[..., Path]
BANDS = ["DES-G", "DES-R", "DES-I"]
SIDE = 12
ORDER = 2
BAND = pa.struct(
    [
        ("band", pa.string()),
        ("flux", pa.list_(pa.list_(pa.float32()))),
        ("mask", pa.list_(pa.list_(pa.bool_()))),
        ("ivar", pa.list_(pa.list_(pa.float32()))),
        ("scale", pa.float32()),
    ]
)


def flux(seed: int) -> np.ndarray:
    """(C, H, W)."""
    return np.random.default_rng(seed).normal(0, 1, (3, SIDE, SIDE)).astype("f4")


def images(seeds: range, lists_of_fields: bool = False) -> pa.Array:
    rows = [flux(seed).tolist() for seed in seeds]
    ones, flags = np.ones((SIDE, SIDE)).tolist(), np.ones((SIDE, SIDE), bool).tolist()
    if lists_of_fields:
        fields = {
            "band": pa.array([BANDS] * len(rows)),
            "flux": pa.array(rows, pa.list_(pa.list_(pa.list_(pa.float32())))),
            "mask": pa.array([[ones] * 3] * len(rows)),
        }
        return pa.StructArray.from_arrays(list(fields.values()), list(fields))
    return pa.array(
        [
            [
                {"band": band, "flux": values, "mask": flags, "ivar": ones, "scale": 0.262}
                for band, values in zip(BANDS, row, strict=True)
            ]
            for row in rows
        ],
        pa.list_(BAND),
    )


def hats(folder: Path, rows_a_pixel: int = 3, suffix: str = ".parquet", **config: Any) -> Path:
    """A catalogue of all pixels of order 2, `rows_a_pixel` galaxies near the centre of each."""
    pixels = np.arange(12 * 4**ORDER)
    ra, dec = pixel_centres(ORDER, pixels)
    offsets = np.linspace(-0.5, 0.5, rows_a_pixel)
    for pixel in pixels.tolist():
        path = folder / "dataset" / f"Norder={ORDER}" / "Dir=0" / f"Npix={pixel}{suffix}"
        seeds = range(pixel * rows_a_pixel, (pixel + 1) * rows_a_pixel)
        columns = {
            "_healpix_29": pa.array([pixel << 54] * rows_a_pixel),
            "image": images(seeds, **config),
            "object_id": [f"g{seed}" for seed in seeds],
            "RA": (ra[pixel] + offsets[::-1]) % 360,
            "DEC": dec[pixel] + offsets,
        }
        path = path / "part0.parquet" if not suffix else path
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pa.table(columns), path)
    (folder / "hats.properties").write_text(
        "#HATS catalog\ndataproduct_type=object\nhats_col_ra=RA\nhats_col_dec=DEC\nhats_nrows=576\n"
        f"hats_npix_suffix={suffix or '/'}\n"
    )
    lines = "".join(f"{ORDER},{pixel}\n" for pixel in pixels)
    (folder / "partition_info.csv").write_text("Norder,Npix\n" + lines)
    return folder


def spoil(folder: Path, kept: set[int]) -> None:
    """Damage the files of all pixels but these, so that reading one fails."""
    for file in folder.rglob("Npix=*.parquet"):
        if int(file.stem.removeprefix("Npix=")) not in kept:
            file.write_bytes(b"rubbish")


@pytest.mark.parametrize("lists_of_fields", [False, True])
@pytest.mark.parametrize("suffix", [".parquet", ""])
def test_bands_are_stretched_as_any_other_frames(
    run_import: Write, tmp_path: Path, lists_of_fields: bool, suffix: str
) -> None:
    path = hats(tmp_path / "mmu", 1, suffix, lists_of_fields=lists_of_fields)
    frames = [np.moveaxis(flux(seed), 0, 2) for seed in range(192)]
    expected = Stretch.fit(frames, ImportConfig(path="x", name="x"))
    made = run_import(path)
    with GalaxyStore.open(made) as store:
        assert store.bands == BANDS
        assert (store.images(np.arange(192)) == np.stack([expected(frame) for frame in frames])).all()
        assert store.source_ids[191] == "g191"
    skipped = [line for line in describe(made, "x").receipt if line.kind == "skipped"]
    assert "mask" in (skipped[-1].first or "")


def test_only_the_files_that_a_cone_meets_are_opened(run_import: Write, tmp_path: Path) -> None:
    path = hats(tmp_path / "mmu")
    ra, dec = pixel_centres(ORDER, np.arange(192))
    cone = Cone(float(ra[77]), float(dec[77]), 25.0)
    met = np.flatnonzero(pixels_met(cone, ORDER, np.arange(192)))
    spoil(path, set(met.tolist()))
    made = run_import(path, cone=f"{cone.ra},{cone.dec},{cone.radius}")
    assert 9 <= len(met) <= 24
    positions = (
        (np.repeat(ra, 3) + np.tile([0.5, 0, -0.5], 192)) % 360,
        np.repeat(dec, 3) + np.tile([-0.5, 0, 0.5], 192),
    )
    with GalaxyStore.open(made) as store:
        inside = np.flatnonzero(cone.contains(*positions))
        assert store.source_ids == [f"g{row}" for row in inside]
        assert np.allclose(store.ra, positions[0][inside])
    (line,) = [line.text for line in describe(made, "x").receipt if "partitions" in line.text]
    assert f"{len(met)} files" in line
    assert "192" in line


def test_a_limit_opens_no_more_files_than_it_needs(run_import: Write, tmp_path: Path) -> None:
    path = hats(tmp_path / "mmu")
    spoil(path, set(range(7)))
    assert describe(run_import(path, limit=20), "x").n == 20


def test_the_catalogue_of_a_collection_is_read_and_its_margin_is_not(
    run_import: Write, tmp_path: Path
) -> None:
    hats(tmp_path / "set" / "mmu")
    hats(tmp_path / "set" / "mmu_10arcs")
    (tmp_path / "set" / "collection.properties").write_text(
        "hats_primary_table_url=mmu\nall_margins=mmu_10arcs\ndefault_margin=mmu_10arcs\n"
    )
    described = describe(run_import(tmp_path / "set", limit=30), "x")
    skipped = [line for line in described.receipt if line.kind == "skipped"]
    assert described.n == 30
    assert (1, "mmu_10arcs") in [(line.count, line.first) for line in skipped]


def test_a_catalogue_without_partition_info_is_listed_by_its_files(run_import: Write, tmp_path: Path) -> None:
    path = hats(tmp_path / "mmu", 1)
    (path / "partition_info.csv").unlink()
    assert describe(run_import(path), "x").n == 192


def test_a_catalogue_without_images_says_so(run_import: Write, tmp_path: Path, store_folder: Path) -> None:
    path = hats(tmp_path / "mmu")
    for file in path.rglob("*.parquet"):
        parquet.write_table(parquet.read_table(file).drop_columns("image"), file)
    assert refused(run_import, path, store_folder).code == "no_images"


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda path: (path / "partition_info.csv").write_text("Norder,Npix\n2,192\n"), "bad_hats"),
        (lambda path: (path / "partition_info.csv").write_text("a,b\n2,1\n"), "bad_hats"),
        (lambda path: (path / "partition_info.csv").write_text("Norder,Npix\n"), "bad_hats"),
        (lambda path: (path / "hats.properties").write_text("dataproduct_type=margin"), "bad_hats"),
        (lambda path: (path / "hats.properties").write_text("hats_npix_suffix=/../../x"), "bad_hats"),
        (lambda path: next(path.rglob("Npix=7.parquet")).unlink(), "missing_files"),
        (lambda path: next(path.rglob("Npix=7.parquet")).write_bytes(b"PAR1"), "bad_parquet"),
    ],
)
def test_a_damaged_catalogue_is_one_sentence(
    run_import: Write, tmp_path: Path, store_folder: Path, damage: Callable[[Path], Any], code: str
) -> None:
    path = hats(tmp_path / "mmu", 1)
    damage(path)
    assert refused(run_import, path, store_folder).code == code


def test_a_partition_out_of_the_roots_is_refused(tmp_path: Path, store_folder: Path) -> None:
    path = hats(tmp_path / "in" / "mmu", 1)
    file = next(path.rglob("Npix=7.parquet"))
    file.rename(tmp_path / "out.parquet")
    file.symlink_to(tmp_path / "out.parquet")
    config = ImportConfig(path=str(path), name="x")
    with raises(ForbiddenError, "outside_data_roots"):
        import_dataset(config, store_folder, "t", lambda *_: None, lambda: False, (tmp_path / "in",))


def test_the_preview_of_a_cone_shows_its_rows(tmp_path: Path) -> None:
    preview = inspect_source({"path": str(hats(tmp_path / "mmu")), "box": "0,360,-90,0"}, EVERYWHERE)
    assert preview.kind == "hats"
    assert 200 < preview.n < 400
    assert preview.dtype == "float32"


# HEALPix, by values of astropy-healpix 2.0.1 (nested)


@pytest.mark.parametrize(
    ("order", "pixel", "ra", "dec"),
    [
        (0, 4, 0.0, 0.0),
        (0, 11, 315.0, -41.810314895778596),
        (3, 77, 140.625, 30.0),
        (3, 700, 225.0, -14.477512185929925),
        (10, 123456, 53.0859375, 23.033921766464054),
        (29, 12345678901234567, 36.995480451732874, 11.487128946069987),
        (29, 3458764513820540927, 315.0, -7.114780385429948e-08),
    ],
)
def test_centres_of_pixels(order: int, pixel: int, ra: float, dec: float) -> None:
    found = pixel_centres(order, np.array([pixel]))
    assert np.allclose([found[0][0], found[1][0]], [ra, dec], atol=1e-12)


def test_centres_divide_the_sphere_evenly() -> None:
    """Means of unit vectors of all pixels vanish, and rings have the declinations of their number."""
    ra, dec = (np.radians(values) for values in pixel_centres(5, np.arange(12 * 4**5)))
    mean = [np.mean(np.cos(dec) * np.cos(ra)), np.mean(np.cos(dec) * np.sin(ra)), np.mean(np.sin(dec))]
    assert np.abs(mean).max() < 1e-12
    assert len(np.unique(np.round(dec, 9))) == 4 * 32 - 1


@pytest.mark.parametrize("seed", range(12))
def test_no_pixel_with_a_part_of_a_region_is_missed(seed: int) -> None:
    """Centres of fine pixels that are inside name the coarse ones that must be met."""
    rng = np.random.default_rng(seed)
    ra, dec, size = rng.uniform(0, 360), rng.uniform(-90, 90), 10 ** rng.uniform(0, 1.7)
    fine_ra, fine_dec = pixel_centres(8, np.arange(12 * 4**8))
    for region in (Cone(ra, dec, size), Box(ra, (ra + 2 * size) % 360, dec, min(90, dec + size))):
        needed = np.unique(np.flatnonzero(region.contains(fine_ra, fine_dec)) >> 12)
        met = np.flatnonzero(pixels_met(region, 2, np.arange(192)))
        assert set(needed) <= set(met.tolist())
        assert len(met) <= len(needed) + 4


def test_a_box_through_zero_and_one_around_the_sky() -> None:
    ra, dec = np.array([359.0, 1.0, 180.0, np.nan]), np.zeros(4)
    assert Box(350, 10, -1, 1).contains(ra, dec).tolist() == [True, True, False, False]
    assert Box(0, 360, -1, 1).contains(ra, dec).tolist() == [True, True, True, False]
