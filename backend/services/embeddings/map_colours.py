"""Colours of a map: a value a row of a dataset."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError
from backend.services.datasets.annotations import Annotations
from backend.services.datasets.browsing import SPLIT_OF_CODE, Datasets
from backend.services.evaluation.evaluations import Evaluations
from backend.stats.predictions import Predictions
from shared.base.vocabulary import SPLIT_CODES
from shared.contract.annotations import MAX_RATING
from shared.contract.maps import OF_EVALUATION, ColourBy, Colours

NOT_PREDICTED = "not predicted"
Values = NDArray[np.float64]


def map_colours(
    datasets: Datasets,
    evaluations: Evaluations,
    annotations: Annotations,
    dataset: str,
    by: ColourBy,
    evaluation: str | None,
) -> Colours:
    """Raises NotFoundError, and InvalidInputError where the dataset lacks the values."""
    if by in OF_EVALUATION:
        return _of_evaluation(datasets, evaluations, dataset, by, evaluation)
    if by in _ANNOTATED:
        return _of_annotations(datasets, annotations, dataset, by)
    with datasets.use(dataset) as store:
        if by is ColourBy.CLASS:
            return _of_class(store, dataset)
        if by is ColourBy.SPLIT:
            names = [SPLIT_OF_CODE[code].value for code in sorted(SPLIT_CODES.values())]
            return Colours(by=by, names=names, unknown="no split", values=store.splits.tolist())
        return _of_redshift(store, dataset)


def _of_class(store: GalaxyStore, dataset: str) -> Colours:
    if not store.class_names:
        raise InvalidInputError("no_labels", f"{dataset} has no labels; colour it by split", "by")
    return Colours(
        by=ColourBy.CLASS, names=store.class_names, unknown="no label", values=store.labels.tolist()
    )


def _of_redshift(store: GalaxyStore, dataset: str) -> Colours:
    if not np.isfinite(store.redshift).any():
        raise InvalidInputError("no_redshift", f"{dataset} has no redshifts; colour it by split", "by")
    return Colours(by=ColourBy.REDSHIFT, names=[], unknown="no redshift", values=_numbers(store.redshift, 5))


def _of_annotations(datasets: Datasets, annotations: Annotations, dataset: str, by: ColourBy) -> Colours:
    annotated = annotations.of(dataset)
    values = dict.fromkeys(annotated.notes, 0) if by is ColourBy.FLAGGED else annotated.ratings
    names, unknown, code, fault = _ANNOTATED[by]
    if not values:
        raise InvalidInputError(code, f"{dataset} {fault}; colour it by split", "by")
    column = np.full(int(datasets.row(dataset).info["n"]), -1)
    column[list(values)] = list(values.values())
    return Colours(by=by, names=names, unknown=unknown, values=column.tolist())


def _of_evaluation(
    datasets: Datasets, evaluations: Evaluations, dataset: str, by: ColourBy, evaluation: str | None
) -> Colours:
    if evaluation is None:
        said = f"name an evaluation of {dataset} to colour by {by}; the Evaluate page lists them"
        raise InvalidInputError("no_evaluation", said, "evaluation")
    source, row = evaluations.get(evaluation), datasets.row(dataset)
    if source.dataset_digest != row.digest:
        said = f"{evaluation} is of another dataset, {source.dataset}, or an older {dataset}; choose another"
        raise InvalidInputError("other_dataset", said, "evaluation")
    found, n = evaluations.predictions(evaluation), int(row.info["n"])
    if found.row.max(initial=-1) >= n:
        said = f"{evaluation} predicts row {found.row.max()}, and {dataset} ends at {n - 1}; choose another"
        raise InvalidInputError("bad_predictions", said, "evaluation")
    values = np.full(n, np.nan)
    values[found.row] = _VALUES[by](found)
    if by is ColourBy.CONFIDENCE:
        return Colours(by=by, names=[], unknown=NOT_PREDICTED, values=_numbers(values, 4))
    names = source.class_names if by is ColourBy.PREDICTED else ["wrong", "right"]
    return Colours(by=by, names=names, unknown=NOT_PREDICTED, values=_indices(values))


_VALUES: dict[ColourBy, Callable[[Predictions], Values]] = {
    ColourBy.PREDICTED: lambda found: found.predicted.astype(np.float64),
    ColourBy.RIGHT: lambda found: (found.predicted == found.true).astype(np.float64),
    ColourBy.CONFIDENCE: lambda found: found.probabilities[np.arange(len(found.row)), found.predicted],
}


_ANNOTATED: dict[ColourBy, tuple[list[str], str, str, str]] = {
    ColourBy.FLAGGED: (["label flagged"], "not flagged", "no_flags", "has no flagged labels"),
    ColourBy.RATING: (
        [str(i) for i in range(MAX_RATING + 1)],
        "not rated",
        "no_ratings",
        "has no rated galaxies",
    ),
}


def _indices(values: Values) -> list[int]:
    return [int(value) for value in np.where(np.isnan(values), -1, values)]


def _numbers(values: Values, decimals: int) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in np.round(values, decimals).tolist()]
