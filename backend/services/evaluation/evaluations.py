"""Reading evaluations: list, browse predictions, compare."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import DatasetRow, EvaluationRow
from backend.errors import InvalidInputError, NotFoundError
from backend.jobs.run_dir import RunDir
from backend.services.datasets.annotations import notes_by_row
from backend.services.datasets.browsing import SPLIT_OF_CODE, Datasets, galaxy_of
from backend.services.datasets.tables import TableFormat, table_file
from backend.settings import Settings
from backend.stats.comparing import difference_interval, mcnemar, verdict
from backend.stats.methods import method_verdict, paired, welch
from backend.stats.predictions import Predictions, Rows, load_predictions
from backend.stats.threshold_curves import threshold_curves
from shared.base.text import plural
from shared.base.vocabulary import SPLIT_CODES, Basis, Split
from shared.contract.datasets import Galaxy
from shared.contract.evaluations import (
    FEWEST_SEEDS,
    Comparison,
    Evaluation,
    MethodComparison,
    Prediction,
    PredictionOrder,
    PredictionPage,
    ThresholdCurves,
)


@dataclass(frozen=True)
class PredictionFilter:
    """Which predictions; classes are indices of class_names, None takes all. `flagged_only` keeps galaxies
    whose label is flagged; confidence is the probability of the predicted class, to three decimals as pages
    show it, both bounds included."""

    true: int | None = None
    predicted: int | None = None
    split: Split | None = Split.TEST
    flagged_only: bool = False
    confidence_min: float = 0.0
    confidence_max: float = 1.0

    def of(self, every: Predictions, flagged: Collection[int] = ()) -> Predictions:
        """Those that pass; `flagged` are rows."""
        keep = np.ones(len(every.row), np.bool_)
        if self.true is not None:
            keep &= every.true == self.true
        if self.predicted is not None:
            keep &= every.predicted == self.predicted
        if self.split is not None:
            keep &= every.split == SPLIT_CODES[self.split]
        if self.flagged_only:
            keep &= np.isin(every.row, list(flagged))
        confidence = np.round(every.probabilities[np.arange(len(every.row)), every.predicted], 3)
        keep &= (confidence >= self.confidence_min) & (confidence <= self.confidence_max)
        return every.where(keep)


class Evaluations:
    """Reads evaluations for pages and shell."""

    def __init__(self, database: Database, settings: Settings, datasets: Datasets) -> None:
        self._database, self._settings, self._datasets = database, settings, datasets

    def list_all(
        self,
        *,
        encoder: str | None = None,
        run: str | None = None,
        dataset: str | None = None,
        limit: int = 500,
    ) -> list[Evaluation]:
        """Newest first; with `encoder` also the references of its jobs and its own evaluations."""
        query = select(EvaluationRow).order_by(EvaluationRow.created_at.desc(), EvaluationRow.id)
        if encoder is not None:
            query = query.where((EvaluationRow.encoder_id == encoder) | (EvaluationRow.run_id == encoder))
        if run is not None:
            query = query.where(EvaluationRow.run_id == run)
        if dataset is not None:
            query = query.where(EvaluationRow.dataset_digest == self._datasets.row(dataset).digest)
        with self._database.read() as session:
            rows = session.scalars(query.limit(limit)).all()
            names = _names(session)
        return [_to_evaluation(row, names) for row in rows]

    def of_runs(self, runs: Collection[str]) -> dict[str, list[Evaluation]]:
        """The evaluations of each job, newest first."""
        query = select(EvaluationRow).where(EvaluationRow.run_id.in_(runs))
        found: dict[str, list[Evaluation]] = {}
        with self._database.read() as session:
            names = _names(session)
            for row in session.scalars(query.order_by(EvaluationRow.created_at.desc(), EvaluationRow.id)):
                found.setdefault(row.run_id, []).append(_to_evaluation(row, names))
        return found

    def get(self, evaluation_id: str) -> Evaluation:
        """Raises NotFoundError."""
        with self._database.read() as session:
            row = session.get(EvaluationRow, evaluation_id)
            if row is None:
                detail = f"there is no evaluation {evaluation_id}; the Evaluate page lists them"
                raise NotFoundError("evaluation_not_found", detail)
            return _to_evaluation(row, _names(session))

    def predictions(self, evaluation_id: str) -> Predictions:
        """Of all validation and test rows. Raises NotFoundError."""
        evaluation = self.get(evaluation_id)
        folder = RunDir(self._settings.runs_dir / evaluation.run).evaluations
        try:
            return load_predictions(folder / f"{evaluation_id}.npz")
        except FileNotFoundError:
            raise NotFoundError(
                "predictions_gone",
                f"the predictions of {evaluation_id} are no longer in the folder of {evaluation.run}; "
                "evaluate the encoder again",
            ) from None

    def browse(
        self,
        evaluation_id: str,
        only: PredictionFilter,
        *,
        order: PredictionOrder,
        seed: int,
        offset: int,
        limit: int,
    ) -> PredictionPage:
        """A page of the predictions that pass the filter."""
        evaluation = self.get(evaluation_id)
        _require_valid(only, evaluation)
        flags = self._flags_of(evaluation)
        found = only.of(self.predictions(evaluation_id), flags)
        page = found.where(_ordered(found, order, seed)[offset : offset + limit])
        dataset = self._dataset_of(evaluation)
        galaxies = self._galaxies(dataset, page.row)
        return PredictionPage(
            evaluation=evaluation_id,
            dataset=dataset,
            class_names=evaluation.class_names,
            total=len(found.row),
            flags=len(flags),
            predictions=[_prediction(page, place, galaxies[place], flags) for place in range(len(page.row))],
        )

    def table(self, evaluation_id: str, file_format: TableFormat) -> bytes:
        """Every prediction: row, source_id, split, true, predicted (class names), flagged, p_<class>."""
        evaluation = self.get(evaluation_id)
        found, names = self.predictions(evaluation_id), np.array(evaluation.class_names)
        galaxies = self._galaxies(self._dataset_of(evaluation), found.row)
        columns = {
            "row": found.row,
            "source_id": [one.source_id if one else "" for one in galaxies],
            "split": [SPLIT_OF_CODE[int(code)].value for code in found.split],
            "true": names[found.true],
            "predicted": names[found.predicted],
            "flagged": np.isin(found.row, list(self._flags_of(evaluation))),
        } | {f"p_{name}": found.probabilities[:, k].astype(np.float32) for k, name in enumerate(names)}
        return table_file(pa.table(columns), file_format)

    def curves(self, evaluation_id: str) -> ThresholdCurves:
        """Each class against the rest on test rows."""
        names = self.get(evaluation_id).class_names
        test = PredictionFilter().of(self.predictions(evaluation_id))
        return threshold_curves(test.true, test.probabilities, names)

    def compare(self, a: str, b: str) -> Comparison:
        """Whether A and B differ on their test rows, which must be the same (else InvalidInputError)."""
        one, other = self.get(a), self.get(b)
        _require_same_rows(one, other)
        of_a, of_b = (PredictionFilter().of(self.predictions(each)) for each in (a, b))
        of_a, of_b = (each.where(np.argsort(each.row)) for each in (of_a, of_b))
        if not np.array_equal(of_a.row, of_b.row):
            raise _other_rows(one, other, "their test rows are not the same")
        right_a, right_b = of_a.predicted == of_a.true, of_b.predicted == of_b.true
        only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
        p = mcnemar(only_a, only_b)
        return Comparison(
            a=a,
            b=b,
            n=len(of_a.row),
            difference=(only_a - only_b) / len(of_a.row),
            difference_ci95=difference_interval(of_a.true, right_a, right_b),
            only_a_right=only_a,
            only_b_right=only_b,
            p=p,
            verdict=verdict(p),
        )

    def compare_methods(self, a: Sequence[str], b: Sequence[str]) -> MethodComparison:
        """Whether one of two methods is better, over the seeds of each (docs/science.md §7). Raises
        InvalidInputError where a side is not one method with enough seeds, or the test rows differ."""
        of_a, of_b = ([self.get(each) for each in side] for side in (a, b))
        require_method(of_a, "a")
        require_method(of_b, "b")
        for one in (*of_a, *of_b):
            _require_same_rows(of_a[0], one)
        return compare_seeds(of_a, of_b)

    def _dataset_of(self, evaluation: Evaluation) -> str | None:
        with self._database.read() as session:
            return _names(session).get(evaluation.dataset_digest)

    def _flags_of(self, evaluation: Evaluation) -> dict[int, str]:
        with self._database.read() as session:
            return notes_by_row(session, evaluation.dataset_digest)

    def _galaxies(self, dataset: str | None, rows: Rows) -> list[Galaxy | None]:
        if dataset is None:
            return [None] * len(rows)
        with self._datasets.use(dataset) as store:
            return [galaxy_of(store, int(row)) for row in rows]


def _names(session: Session) -> dict[str, str]:
    """Names of the datasets by digest; the first of several."""
    rows = session.execute(select(DatasetRow.digest, DatasetRow.name).order_by(DatasetRow.created_at.desc()))
    return {row.digest: row.name for row in rows}


def _to_evaluation(row: EvaluationRow, names: dict[str, str]) -> Evaluation:
    evaluation = Evaluation.model_validate(row.info)
    name = names.get(row.dataset_digest, evaluation.dataset)
    return evaluation.model_copy(update={"dataset": name})


def _ordered(found: Predictions, order: PredictionOrder, seed: int) -> Rows:
    """Places in the requested order; ties in file order."""
    places = np.arange(len(found.row))
    if order is PredictionOrder.ROW:
        return places
    if order is PredictionOrder.RANDOM:
        return np.random.default_rng(seed).permutation(len(places))
    sure = order in (PredictionOrder.CONFIDENT, PredictionOrder.UNCERTAIN)
    value = found.probabilities[places, found.predicted if sure else found.true]
    falling = order in (PredictionOrder.CONFIDENT, PredictionOrder.BEST)
    return np.argsort(-value if falling else value, kind="stable")


def _prediction(page: Predictions, place: int, galaxy: Galaxy | None, flags: Mapping[int, str]) -> Prediction:
    row, predicted = int(page.row[place]), int(page.predicted[place])
    probabilities = [round(float(value), 4) for value in page.probabilities[place]]
    return Prediction(
        row=row,
        source_id=galaxy.source_id if galaxy else "",
        ra=galaxy.ra if galaxy else None,
        dec=galaxy.dec if galaxy else None,
        split=SPLIT_OF_CODE[int(page.split[place])],
        true=int(page.true[place]),
        predicted=predicted,
        confidence=probabilities[predicted],
        probabilities=probabilities,
        flag=flags.get(row),
    )


def _require_valid(only: PredictionFilter, evaluation: Evaluation) -> None:
    last = len(evaluation.class_names) - 1
    for field, value in (("true", only.true), ("predicted", only.predicted)):
        if value is not None and value > last:
            detail = f"{field} = {value}: {evaluation.id} has classes 0 to {last}"
            raise InvalidInputError("unknown_class", detail, field)
    low, high = only.confidence_min, only.confidence_max
    if low > high:
        detail = f"confidence_min = {low:g} is above confidence_max = {high:g}; swap them"
        raise InvalidInputError("empty_range", detail, "confidence_min")


def _require_same_rows(one: Evaluation, other: Evaluation) -> None:
    if one.dataset_digest != other.dataset_digest:
        why = f"one is on {one.dataset} and the other on {other.dataset}"
        if one.dataset == other.dataset:
            why = f"the file, labels or split of {one.dataset} changed in between"
        raise _other_rows(one, other, why)


def _other_rows(one: Evaluation, other: Evaluation, why: str) -> InvalidInputError:
    return InvalidInputError(
        "other_test_rows",
        f"{one.id} and {other.id} cannot be compared: {why}; evaluate both on one dataset",
    )


def compare_seeds(a: Sequence[Evaluation], b: Sequence[Evaluation]) -> MethodComparison:
    """Compare mean accuracies on the same test rows: paired where both sides have the same seeds, which draw
    the same labels, else by Welch's t. Raises InvalidInputError where the seeds do not differ."""
    of_a, of_b = ({one.seed: one.accuracy for one in side} for side in (a, b))
    in_pairs = of_a.keys() == of_b.keys() and len(a) == len(of_a) and len(b) == len(of_b)
    try:
        if in_pairs:
            seeds = sorted(of_a)
            found = paired([of_a[seed] for seed in seeds], [of_b[seed] for seed in seeds])
        else:
            found = welch([one.accuracy for one in a], [one.accuracy for one in b])
    except ValueError as error:
        detail = f"A and B cannot be compared as methods: {error}; add seeds, or compare two evaluations"
        raise InvalidInputError("no_spread", detail) from error
    return MethodComparison(
        a=[one.id for one in a],
        b=[one.id for one in b],
        seeds_a=len(a),
        seeds_b=len(b),
        difference=found.difference,
        difference_ci95=found.ci95,
        p=found.p,
        paired=in_pairs,
        verdict=method_verdict(found, len(a), len(b)),
    )


def require_method(side: Sequence[Evaluation], field: str) -> None:
    """Raise InvalidInputError unless they are one method with at least FEWEST_SEEDS seeds, each once."""
    name = field.upper()
    if len(side) < FEWEST_SEEDS:
        raise InvalidInputError(
            "too_few_seeds",
            f"{name} has {plural(len(side), 'seed')}; comparing methods takes at least "
            f"{FEWEST_SEEDS}, so evaluate it with more seeds, or compare two evaluations",
            field,
        )
    for one in side[1:]:
        if _method(one) != _method(side[0]):
            detail = f"{side[0].id} and {one.id} of {name} differ in more than their seed; choose one method"
            raise InvalidInputError("not_one_method", detail, field)
    if not _are_independent(side):
        raise InvalidInputError(
            "not_independent",
            f"the {len(side)} evaluations of {name} are not independent; choose each seed of one checkpoint "
            "once, or one evaluation of each training",
            field,
        )


def _method(one: Evaluation) -> tuple[object, ...]:
    return (one.basis, one.head, one.pooling, one.label_fraction)


def _are_independent(side: Sequence[Evaluation]) -> bool:
    """Whether they are distinct seeds of one checkpoint, or each of another training."""
    trainings = [one.encoder or (one.run if one.basis is Basis.ENCODER else "") for one in side]
    if len({(training, one.step) for training, one in zip(trainings, side, strict=True)}) == 1:
        return len({one.seed for one in side}) == len(side)
    return len(set(trainings)) == len(side)
