"""Names of classes that a source only numbers: as given, or those of the published dataset that it is."""

import re
from dataclasses import replace

import numpy as np

from backend.data.importers.catalogue import Catalogue, check_class_names
from backend.data.importers.names import listed
from backend.data.importers.reporting import Findings
from backend.data.layout import GALAXY10_DECALS
from backend.errors import DataError
from shared.configs import ImportConfig

GALAXY10_SDSS = (
    "Disk, Face-on, No Spiral",
    "Smooth, Completely Round",
    "Smooth, In-between Round",
    "Smooth, Cigar Shaped",
    "Disk, Edge-on, Rounded Bulge",
    "Disk, Edge-on, Boxy Bulge",
    "Disk, Edge-on, No Bulge",
    "Disk, Face-on, Tight Spiral",
    "Disk, Face-on, Medium Spiral",
    "Disk, Face-on, Loose Spiral",
)
"""Classes of the older, 69-pixel Galaxy10 SDSS."""
PUBLISHED = {
    (17_736, 256): ("Galaxy10 DECaLS", GALAXY10_DECALS),
    (15_962, 256): ("the train split of Galaxy10 DECaLS", GALAXY10_DECALS),
    (1_774, 256): ("the test split of Galaxy10 DECaLS", GALAXY10_DECALS),
    (21_785, 69): ("Galaxy10 SDSS", GALAXY10_SDSS),
}
"""Datasets of ten numbered classes, by their number of images and side in pixels."""


def given_names(config: ImportConfig) -> list[str] | None:
    """The names of `class_names`, one per line if it has several lines, else between commas."""
    if config.class_names is None:
        return None
    parts = (
        config.class_names.splitlines()
        if "\n" in config.class_names.strip()
        else config.class_names.split(",")
    )
    return [part.strip() for part in parts if part.strip()]


def with_class_names(
    catalogue: Catalogue, sizes: set[tuple[int, int]], config: ImportConfig, findings: Findings
) -> Catalogue:
    """The catalogue with names for its classes, if they are given or known; `sizes` are those of its images,
    (width, height)."""
    names = given_names(config)
    with findings.trying():
        if names is not None:
            return _named(catalogue, names)
        side = next(iter(sizes))[0] if len(sizes) == 1 else 0
        known = PUBLISHED.get((len(catalogue), side))
        if known is not None and catalogue.class_names == [str(code) for code in range(10)]:
            title, published = known
            text = f"Class names are those of {title}: {len(catalogue):,} images of {side} px, codes 0 to 9."
            findings.assumed(text, "class_names")
            return replace(catalogue, class_names=list(published))
    return catalogue


def _named(catalogue: Catalogue, names: list[str]) -> Catalogue:
    """Codes become the names at their places; classes that have these names already get their order."""
    check_class_names(names)
    present = catalogue.class_names
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise DataError(
            "bad_class_names", f"class_names has '{repeated}' twice; give each once.", "class_names"
        )
    if not present:
        why = "class_names names classes, but the images have no labels"
        raise DataError("bad_class_names", f"{why}; set label_column, or leave it empty.", "class_names")
    if set(present) <= set(names):
        places = [names.index(name) for name in present]
    elif all(re.fullmatch(r"\d{1,4}", name) for name in present):
        places = [int(name) for name in present]
    else:
        why = f"class_names lacks the class {listed([name for name in present if name not in names])}"
        raise DataError("bad_class_names", f"{why}; name all classes, or leave it empty.", "class_names")
    if max(places) >= len(names):
        why = (
            f"The labels hold {max(places)} but class_names has {len(names)} names, for 0 to {len(names) - 1}"
        )
        raise DataError("bad_class_names", f"{why}; add the others.", "class_names")
    code = np.append(places, -1).astype(np.int64)  # −1 takes the last
    return replace(catalogue, class_names=names, labels=code[catalogue.labels])
