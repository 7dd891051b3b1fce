"""Sources made at random, and real ones damaged at random: a whole dataset, or one sentence and nothing."""

import bz2
import gzip
import tempfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from pyarrow import parquet

from backend.data.importers import ImportStopped, import_dataset, inspect_source, preview_sprite
from backend.data.store import GalaxyStore, describe
from backend.errors import GalaxyscopeError
from backend.files import EVERYWHERE
from shared.configs import ImportConfig

Files = dict[str, bytes]
bounded = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(bounded, max_examples=20)


def outcome(path: Path, **config: Any) -> str:
    """ "dataset" once it is whole, else the code of the error; anything but that fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = ImportConfig(path=str(path), name="d", **config)
        for look in (inspect_source, preview_sprite):
            try:
                look(wanted, roots=EVERYWHERE)
            except GalaxyscopeError as error:
                assert_sentence(error)
        try:
            made = import_dataset(wanted, folder, "t", lambda *_: None, lambda: False, roots=EVERYWHERE)
        except (GalaxyscopeError, ImportStopped) as error:
            assert list(folder.iterdir()) == []
            if isinstance(error, GalaxyscopeError):
                assert_sentence(error)
                return error.code
            return "stopped"
        assert [file.name for file in folder.iterdir()] == ["d.h5"]
        assert_whole(made)
        return "dataset"


def assert_sentence(error: GalaxyscopeError) -> None:
    assert error.detail.endswith(".")
    assert "\n" not in error.detail
    error.detail.encode()


def assert_whole(path: Path) -> None:
    described = describe(path, "d")
    with GalaxyStore.open(path) as store:
        images = store.images(np.arange(store.n))
        assert images.shape == (described.n, described.img_size, described.img_size, len(described.bands))
        assert store.rgb(images[:2]).shape[-1] == 3
        assert len(store.source_ids) == len(store.labels) == len(store.splits) == store.n
        assert store.labels.max() < max(1, len(store.class_names))
        assert {0, 1} <= set(store.splits.tolist())
        assert not (store.ra < 0).any()
        assert not (store.ra > 360).any()
        assert not (np.abs(store.dec) > 90).any()
        assert np.isfinite(store.channel_mean).all()


def write_all(folder: Path, files: Files) -> None:
    for name, data in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError:
            continue  # a name that is a folder's already


def zip_of(files: Files) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


def picture(seed: int, side: int = 10, mode: str = "RGB", kind: str = "PNG") -> bytes:
    bands = {"L": (), "RGB": (3,), "RGBA": (4,), "I;16": ()}[mode]
    values = np.random.default_rng(seed).integers(0, 256, (side, side, *bands))
    out = BytesIO()
    pixels = values.astype(np.uint16 if mode == "I;16" else np.uint8)
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def npy(array: np.ndarray) -> bytes:
    out = BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


# Structures

names = st.builds(
    "".join,
    st.lists(st.sampled_from(["a/", "b/", "train/", "../", ".", "é", "x", "0", " ", "a\\"]), max_size=3),
)
contents = st.one_of(
    st.builds(
        picture,
        st.integers(0, 9),
        st.sampled_from([8, 10, 13]),
        st.sampled_from(["L", "RGB", "RGBA", "I;16"]),
    ),
    st.builds(lambda seed: npy(np.random.default_rng(seed).normal(size=(3, 10, 10))), st.integers(0, 3)),
    st.sampled_from([b"", b"rubbish", npy(np.zeros((10, 10))), npy(np.array([{}]))]),
)
suffixes = st.sampled_from([".png", ".jpg", ".fits", ".npy", ".tif", ".h5", ".txt"])
some_files = st.dictionaries(st.builds(lambda n, s: n + s, names, suffixes), contents, max_size=4)
cells = st.one_of(
    st.sampled_from(
        ["", "nan", "1", "-1", "361", "12:30:00", "12:99", "train", "val", "test", "a", "é", "inf"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=4),
)
columns = st.sampled_from(["label", "ra", "dec", "z", "redshift", "split", "id", "group", "pxscale", "T", ""])
options = st.fixed_dictionaries(
    {},
    optional={
        "img_size": st.sampled_from([8, 12]),
        "label_column": st.sampled_from(["label", "T", "-", "nothing"]),
        "ra_column": st.sampled_from(["-", "ra"]),
        "split_column": st.sampled_from(["-", "split"]),
        "pxscale": st.sampled_from(["0.4", "-", "pxscale", "0"]),
        "rgb": st.sampled_from(["1,1,1", "1,2,3", "red,green,blue"]),
        "bands": st.sampled_from(["a", "a,b,c"]),
        "stretch_scope": st.just("image"),
    },
)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table of twelve pictures, most of it sound."""
    header = draw(st.lists(columns, max_size=4))
    mark = draw(st.sampled_from([",", ",", ";", "\t", " ", ":"]))
    sound = draw(st.booleans())
    lines = [mark.join(["file", *header])]
    for index in range(12):
        row = [str(index % 3 if sound else draw(cells)) for _ in header]
        lines.append(mark.join([f"{index}.png", *row]))
    return "\n".join(lines).encode()


@bounded
@given(some_files, st.none() | tables(), st.sampled_from(["", "s/", "many"]), st.booleans(), options)
def test_random_folders_tables_and_zips(
    files: Files, table: bytes | None, where: str, zipped: bool, config: dict[str, Any]
) -> None:
    folders = [f"{'pq'[i % 2]}/" if where == "many" else where for i in range(12)]
    files = {f"{folder}{i}.png": picture(i) for i, folder in enumerate(folders)} | files
    if table is not None:
        files["labels.csv"] = table
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "source"
        root.mkdir()
        if zipped:
            (root / "g.zip").write_bytes(zip_of(files))
            outcome(root / "g.zip", **config)
        else:
            write_all(root, {name: data for name, data in files.items() if ".." not in name})
            outcome(root, **config)


shapes = st.sampled_from(
    [(12, 10, 10), (12, 10, 10, 3), (12, 3, 10, 10), (12, 10, 9), (12,), (11,), (0,), ()]
)
dtypes = st.sampled_from(["u1", "u2", "f4", "f8", ">i2", "i8", "S3", "U3", "?", "c8", "O"])
keys = st.sampled_from(
    [
        *("labels", "ans", "y", "ra", "dec", "redshift", "pxscale", "source_id", "ids", "split"),
        *("class_names", "images", "format", "provenance"),
    ]
)


@st.composite
def arrays(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """Twelve images and random columns; now and then the images are odd too."""
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    sound = {"images": (rng.random((12, 10, 10, 3)) * 200).astype(draw(st.sampled_from(["u1", "u2", "f4"])))}
    for key in draw(st.lists(keys, max_size=4)):
        shape = draw(st.one_of(st.just((12,)), shapes)) if key != "images" else draw(shapes)
        values = rng.integers(-1, draw(st.sampled_from([2, 12, 400])), shape)
        with np.errstate(all="ignore"):
            sound[key] = np.asarray(values).astype(draw(dtypes))
    return sound


@bounded
@given(arrays(), st.booleans(), options)
def test_random_npz(found: dict[str, np.ndarray], packed: bool, config: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.npz"
        (np.savez_compressed if packed else np.savez)(path, **found)
        outcome(path, **config)


@bounded
@given(
    arrays(),
    st.booleans(),
    st.dictionaries(keys, st.sampled_from(["[]", "{", "galaxyscope-1", "[1]"]), max_size=3),
    options,
)
def test_random_hdf5(
    found: dict[str, np.ndarray], packed: bool, attributes: dict[str, str], config: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.h5"
        with h5py.File(path, "w") as file:
            for key, values in found.items():
                if values.dtype.kind in "OU":
                    values = values.astype("S")
                file.create_dataset(key, data=values, compression="gzip" if packed and values.ndim else None)
            file.attrs.update(attributes)
        outcome(path, **config)


# Damage

Change = tuple[str, float, int]
changes = st.lists(
    st.tuples(
        st.sampled_from(["flip", "flip", "flip", "cut", "zero", "ones", "repeat"]),
        st.floats(0, 1).map(lambda share: share**3),  # most of it near the start, where the headers are
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=4,
)


def damaged(data: bytes, how: list[Change]) -> bytes:
    out = bytearray(data)
    for kind, share, byte in how:
        at = min(int(share * len(out)), max(0, len(out) - 1))
        if kind == "flip" and out:
            out[at] ^= 1 << byte % 8
        elif kind == "cut":
            del out[at:]
        elif kind == "repeat":
            out[at:at] = out[at : at + byte]
        elif kind in ("zero", "ones"):
            out[at : at + byte] = (b"\0" if kind == "zero" else b"\xff") * len(out[at : at + byte])
    return bytes(out)


def tiled_bytes(method: str) -> bytes:
    """Three bands with a WCS, a tile-compressed HDU each."""
    from astropy.io import fits

    values = np.random.default_rng(3).integers(0, 90, (3, 10, 10)).astype("i2")
    out = BytesIO()
    hdus = [fits.CompImageHDU(plane, compression_type=method, tile_shape=(5, 10)) for plane in values]
    sky = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CDELT1": -1e-4, "CDELT2": 1e-4}
    for hdu in hdus:
        hdu.header.update(sky)
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(out)
    return out.getvalue()


def fits_bytes() -> bytes:
    from astropy.io import fits

    out = BytesIO()
    values = np.random.default_rng(1).normal(size=(3, 10, 10)).astype("f4")
    fits.PrimaryHDU(values).writeto(out)
    return out.getvalue()


def columns_of(n: int) -> dict[str, np.ndarray]:
    images = np.random.default_rng(2).integers(0, 256, (n, 16, 16, 3), dtype=np.uint8)
    return {"images": images, "labels": np.arange(n) % 3, "ra": np.arange(n) * 1.0, "dec": np.arange(n) * 1.0}


def npz_bytes(save: Callable[..., None]) -> bytes:
    out = BytesIO()
    save(out, **columns_of(20))
    return out.getvalue()


def parquet_bytes() -> bytes:
    out = BytesIO()
    pd.DataFrame({"file": [f"{i}.png" for i in range(12)], "label": list("ab") * 6}).to_parquet(out)
    return out.getvalue()


def table_bytes(**how: Any) -> bytes:
    """The same table of twelve pictures, in a format of astropy."""
    from astropy.table import MaskedColumn, Table

    table = Table(
        {"file": [f"{i}.png" for i in range(12)], "label": list("ab") * 6, "ra": np.arange(12) * 1.5}
    )
    table["id"] = MaskedColumn(np.arange(12) + 2**53, mask=np.arange(12) == 3)
    table["ra"].unit = "deg"
    table["dec"] = table["ra"]
    with tempfile.TemporaryDirectory() as folder:
        table.write(Path(folder) / "t", **how)
        return (Path(folder) / "t").read_bytes()


def image_parquet_bytes(images: list[Any]) -> bytes:
    out = BytesIO()
    table = pa.table({"image": images, "label": [row % 2 for row in range(len(images))]})
    parquet.write_table(table, out, row_group_size=5)
    return out.getvalue()


def hdf5_bytes(chunks: tuple[int, ...] | None, key: str = "images") -> bytes:
    out = BytesIO()
    with h5py.File(out, "w") as file:
        for column, values in columns_of(20).items():
            packing = {"chunks": chunks, "compression": "gzip"} if chunks and column == "images" else {}
            file.create_dataset({"labels": "ans", "images": key}.get(column, column), data=values, **packing)
    return out.getvalue()


pictures: Files = {f"{index}.png": picture(index) for index in range(12)}
WHOLE: dict[str, bytes] = {
    "a.npz": npz_bytes(np.savez),
    "b.npz": npz_bytes(np.savez_compressed),
    "a.npy": npy(columns_of(20)["images"]),
    "a.h5": hdf5_bytes(None),
    "b.h5": hdf5_bytes((5, 16, 16, 3)),
    "images.parquet": image_parquet_bytes([{"bytes": data, "path": None} for data in pictures.values()]),
    "bands.parquet": image_parquet_bytes(
        [
            [{"band": band, "flux": columns_of(20)["images"][row, ..., 0].tolist()} for band in "gr"]
            for row in range(12)
        ]
    ),
    "universe.hdf5": hdf5_bytes((5, 16, 16, 3), "image_array"),
    "a.zip": zip_of(pictures | {"labels.csv": b"file,label\n0.png,1\n"}),
}


@settings(bounded, max_examples=120)
@given(st.sampled_from(sorted(WHOLE)), changes)
@example("a.npy", [("flip", 0.0, 0)])
def test_damaged_arrays_and_zips(name: str, how: list[Change]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(damaged(WHOLE[name], how))
        outcome(path)


MEMBERS: Files = {
    "x.fits": fits_bytes(),
    "x.fits.fz": tiled_bytes("RICE_1"),
    "h.fits.fz": tiled_bytes("HCOMPRESS_1"),
    "p.fits.fz": tiled_bytes("PLIO_1"),
    "x.fits.bz2": bz2.compress(fits_bytes()),
    "x.png": picture(3, 10),
    "x.tif": picture(3, 10, "RGB", "TIFF"),
    "x.npy": npy(np.random.default_rng(0).normal(size=(10, 10, 3))),
    "labels.parquet": parquet_bytes(),
    "labels.fits": table_bytes(format="fits"),
    "labels.fits.gz": gzip.compress(table_bytes(format="fits")),
    "labels.vot": table_bytes(format="votable"),
    "labels.votable": table_bytes(format="votable", tabledata_format="binary2"),
    "labels.ecsv": table_bytes(format="ascii.ecsv"),
    "labels.tsv": b"#Table\nfile\tra\tdec\n\tdeg\tdeg\n----\t---\t---\n"
    + b"".join(b"%d.png\t%d\t1\n" % (i, i) for i in range(12)),
    "labels.csv": b"file,label,ra,dec\n" + b"".join(b"%d.png,a,12:00:00,1\n" % i for i in range(12)),
}


@settings(bounded, max_examples=160)
@given(st.sampled_from(sorted(MEMBERS)), changes)
@example("x.fits", [("repeat", 0.25, 1)])  # shifts the pixels by a byte: signalling NaNs
def test_a_damaged_member_of_a_folder(name: str, how: list[Change]) -> None:
    deep = ".fits" in name or name == "x.npy"
    others = {f"{i}.npy": npy(np.random.default_rng(i).normal(size=(3, 10, 10))) for i in range(12)}
    with tempfile.TemporaryDirectory() as folder:
        write_all(Path(folder), others if deep else pictures)
        (Path(folder) / name).write_bytes(damaged(MEMBERS[name], how))
        outcome(Path(folder))
