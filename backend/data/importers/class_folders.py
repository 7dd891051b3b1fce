"""What folder names say of images: their class, and their split where folders are called train, val, test."""

import numpy as np

from backend.data.importers.catalogue import Catalogue, classes_of, unlabelled
from backend.data.importers.names import SPLIT_NAMES, counted, listed
from backend.data.importers.reporting import Findings
from backend.data.importers.trees import Tree
from backend.data.splits import with_validation
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs import ImportConfig
from shared.configs.datasets import NO_COLUMN


def by_folders(
    tree: Tree, images: list[str], config: ImportConfig, findings: Findings
) -> tuple[str, list[str], Catalogue]:
    """The kind of source, the images to take, and their catalogue: unlabelled where images lie at the top,
    else one class a folder, or a folder of classes a split."""
    flat = [name for name in images if "/" not in name]
    if flat:
        if len(flat) < len(images):
            deeper = counted(len(images) - len(flat), "image")
            findings.notes.append(f"Left out: {deeper} in folders within.")
        return "folder", flat, unlabelled(flat)
    catalogue = unlabelled(images)
    parts = [name.split("/") for name in images]
    splits = {part[0] for part in parts}
    with findings.trying():
        if len(splits) > 1 and all(name.lower() in SPLIT_NAMES for name in splits):
            _take_classes(catalogue, [part[1] if len(part) > 2 else "" for part in parts])
            _take_splits(catalogue, [part[0] for part in parts], config, findings)
        else:
            _take_classes(catalogue, [part[0] for part in parts])
            _refuse_one_class(tree, catalogue.class_names or [parts[0][0]])
    return "class_folders", images, catalogue


def _take_classes(catalogue: Catalogue, names: list[str]) -> None:
    """Set the classes where there are at least two."""
    classes, labels = classes_of(names)
    if len(classes) > 1:
        catalogue.class_names, catalogue.labels = classes, labels


def _take_splits(catalogue: Catalogue, names: list[str], config: ImportConfig, findings: Findings) -> None:
    """Set the split that folders name, unless it is declined; where val is not among them it is cut out of
    train, so that what was published for testing is never learned from."""
    found = {SPLIT_NAMES[name.lower()] for name in names}
    if config.split_column == NO_COLUMN:
        return
    if Split.TRAIN not in found:
        findings.notes.append(f"The folders {listed(sorted(found))} lack train: a new split is made.")
        return
    codes = np.array([SPLIT_CODES[Split(SPLIT_NAMES[name.lower()])] for name in names], np.uint8)
    if Split.VAL in found:
        findings.notes.append("The split is taken from the folders' names.")
    else:
        codes = with_validation(codes, catalogue.labels, config.split_seed)
        findings.notes.append("The split is taken from the folders' names; a tenth of train becomes val.")
    catalogue.splits = codes


def _refuse_one_class(tree: Tree, names: list[str]) -> None:
    if len(names) == 1:
        raise DataError(
            "one_class",
            f"All images of {tree.path.name} lie in one folder, '{names[0]}'; give that folder itself for "
            "images without labels, or one folder a class.",
            "path",
        )
