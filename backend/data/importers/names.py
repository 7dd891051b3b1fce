"""Usual names of files and columns: suffixes of images, columns of tables, splits."""

from backend.data.frames.reading import FRAME_SUFFIXES

IMAGE_SUFFIXES = FRAME_SUFFIXES
ARRAY_FILES = (".h5", ".hdf5", ".npz")
IMAGE_COLUMNS = (
    *("file", "image", "path", "filename", "file_name", "image_path", "filepath", "file_path", "img"),
    *("image_file", "file_loc", "png_loc", "jpg_loc", "image_id"),
)
LABEL_COLUMNS = ("label", "class", "ans", "target", "category", "type", "morphology", "class_name")
LABEL_ENDINGS = ("_label", "_class", "_type")
ID_COLUMNS = (
    *("source_id", "id", "objid", "object_id", "id_str", "iauname", "galaxy_id", "dr7objid", "specobjid"),
    *("galaxy", "name", "target_id", "targetid"),
)
ID_ENDINGS = ("_id", "_name")
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "ra_column": (
        *("ra", "ra_deg", "radeg", "raj2000", "ra_j2000", "_raj2000", "right_ascension", "alpha_j2000"),
        "alpha",
    ),
    "dec_column": (
        *("dec", "dec_deg", "decdeg", "dej2000", "dec_j2000", "decj2000", "_dej2000", "declination"),
        *("delta_j2000", "delta", "de"),
    ),
    "redshift_column": ("redshift", "zspec", "z_spec", "spec_z", "zphot", "z_phot", "photo_z", "z"),
    "pxscale": ("pxscale", "pixscale", "pixel_scale", "pixelscale", "arcsec_per_pixel", "arcsec_per_px"),
    "split_column": ("split", "subset", "partition", "set"),
    "group_column": ("group", "group_id"),
}
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
MAX_NAMED = 8


def is_image(name: str) -> bool:
    return name.lower().endswith(IMAGE_SUFFIXES)


def without_suffix(name: str) -> str:
    """`name` without the suffix of an image, if it has one."""
    lower = name.lower()
    return next((name[: -len(end)] for end in IMAGE_SUFFIXES if lower.endswith(end)), name)


def listed(names: list[str]) -> str:
    """The first few names for a sentence."""
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return ", ".join(f"'{name[:40]}'" for name in names[:MAX_NAMED]) + more


def counted(n: int, noun: str) -> str:
    """`1 image`, `2,000 images`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
