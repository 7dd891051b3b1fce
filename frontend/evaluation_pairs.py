"""Evaluations of two runs whose confusion matrices may be subtracted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from shared.base.vocabulary import Basis, Head
from shared.contract.evaluations import Evaluation

WHOLE = (Head.FINETUNE, Head.SUPERVISED)
"""Heads that were trained together with their encoder."""
FIRST = (Head.LINEAR, *WHOLE)
"""Heads that are shown before others."""


@dataclass(frozen=True)
class Pair:
    """Two runs, by id, and an evaluation of each on the same test rows."""

    runs: tuple[str, str]
    a: Evaluation
    b: Evaluation


def comparable_pairs(judged: Mapping[str, Sequence[Evaluation]]) -> list[Pair]:
    """For any two runs the newest evaluations that stand for each other: the same head on frozen features, or
    classifiers; a pair of runs without such evaluations has none."""
    pairs = (_pair(a, b, judged[a], judged[b]) for a, b in combinations(judged, 2))
    return [pair for pair in pairs if pair is not None]


def _pair(a: str, b: str, of_a: Sequence[Evaluation], of_b: Sequence[Evaluation]) -> Pair | None:
    fitting = [(one, other) for one, other in product(of_a, of_b) if _fit(one, other)]
    if not fitting:
        return None
    one, other = max(
        fitting, key=lambda both: (both[0].head in FIRST, both[0].created_at, both[1].created_at)
    )
    return Pair((a, b), one, other)


def _fit(one: Evaluation, other: Evaluation) -> bool:
    rows = (one.dataset_digest, one.n, one.label_fraction)
    same_rows = rows == (other.dataset_digest, other.n, other.label_fraction)
    if one.head in WHOLE:
        return same_rows and other.head in WHOLE
    trained = one.basis is Basis.ENCODER and other.basis is Basis.ENCODER
    return same_rows and trained and one.head == other.head
