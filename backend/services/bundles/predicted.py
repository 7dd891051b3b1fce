"""Evaluations from elsewhere and what was predicted: arrays of numbers that fit, and no object among them."""

import re
import zipfile
from pathlib import Path

import numpy as np

from backend.data.frames.limits import READ_ERRORS
from backend.services.bundles.layout import (
    EVALUATION_ID,
    EVALUATIONS,
    checked,
    entry_read,
    refused_entry,
    strict_json,
)
from backend.stats.predictions import Predictions, load_predictions
from shared.contract.bundles import BundledEvaluation, Manifest
from shared.contract.evaluations import Evaluation

ARRAYS = {"row.npy", "split.npy", "true.npy", "predicted.npy", "probabilities.npy"}
MAX_ARRAY_BYTES = 2 * 10**9
ID = re.compile(EVALUATION_ID, re.ASCII)


def checked_evaluations(folder: Path, file: str, manifest: Manifest) -> list[Evaluation]:
    """The evaluations of an unpacked bundle, whose predictions are theirs. Raises InvalidInputError."""
    names = {listed.path for listed in manifest.files}
    found = _listed(folder, file) if EVALUATIONS in names else []
    by_name = {f"evaluations/{one.id}.npz": one for one in found}
    if len(by_name) < len(found):
        raise refused_entry(file, EVALUATIONS, "with an evaluation twice")
    for one in found:
        if one.run != manifest.run.id or not one.id.startswith(f"{one.run}.") or not ID.fullmatch(one.id):
            raise refused_entry(file, EVALUATIONS, f"with an evaluation {one.id[:80]} of another run")
    for name in sorted(name for name in names if name.endswith(".npz")):
        if name not in by_name:
            raise refused_entry(file, name, f"which {EVALUATIONS} does not name")
        _check_predictions(folder / name, file, name, len(by_name[name].class_names))
    return found


def _listed(folder: Path, file: str) -> list[Evaluation]:
    values = strict_json((folder / EVALUATIONS).read_bytes(), file, EVALUATIONS)
    if not isinstance(values, list):
        raise refused_entry(file, EVALUATIONS, "which is no list")
    return [checked(BundledEvaluation, value, file, EVALUATIONS) for value in values]


def _check_predictions(path: Path, file: str, name: str, classes: int) -> None:
    with entry_read(file, name, READ_ERRORS):
        with zipfile.ZipFile(path) as arrays:
            fault = _fault_of(arrays.infolist())
        if fault:
            raise refused_entry(file, name, fault)
        fits = _fit(load_predictions(path), classes)  # which refuses objects: they would be pickles
    if not fits:
        raise refused_entry(file, name, "whose predictions are not those of its evaluation")


def _fault_of(members: list[zipfile.ZipInfo]) -> str:
    if {member.filename for member in members} != ARRAYS or len(members) != len(ARRAYS):
        return "which holds other arrays than predictions"
    total = sum(member.file_size for member in members)
    return "whose arrays are larger than any predictions" if total > MAX_ARRAY_BYTES else ""


def _fit(found: Predictions, classes: int) -> bool:
    n = len(found.row)
    columns = (found.row, found.split, found.true, found.predicted)
    return bool(
        all(column.shape == (n,) for column in columns)
        and found.probabilities.shape == (n, classes)
        and np.isfinite(found.probabilities).all()
        and all(((values >= 0) & (values < classes)).all() for values in (found.true, found.predicted))
        and (found.row >= 0).all()
        and np.isin(found.split, (0, 1, 2)).all()
    )
