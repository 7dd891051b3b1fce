"""Pairs of evaluations whose confusion matrices can be subtracted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from shared.base.vocabulary import Basis, Head
from shared.contract.evaluations import Evaluation

CLASSIFIERS = (Head.FINETUNE, Head.SUPERVISED)
"""Heads trained together with their encoder."""
PREFERRED = (Head.LINEAR, *CLASSIFIERS)
"""Heads compared in preference to others."""


@dataclass(frozen=True)
class Pair:
    """Two run ids, and an evaluation of each on the same test rows."""

    runs: tuple[str, str]
    a: Evaluation
    b: Evaluation


def comparable_pairs(evaluations: Mapping[str, Sequence[Evaluation]]) -> list[Pair]:
    """The newest comparable evaluations of any two runs: the same head on frozen features, or two
    classifiers. Pairs of runs without comparable evaluations are omitted."""
    pairs = (_pair(a, b, evaluations[a], evaluations[b]) for a, b in combinations(evaluations, 2))
    return [pair for pair in pairs if pair is not None]


def _pair(a: str, b: str, of_a: Sequence[Evaluation], of_b: Sequence[Evaluation]) -> Pair | None:
    candidates = [(one, other) for one, other in product(of_a, of_b) if _comparable(one, other)]
    if not candidates:
        return None
    one, other = max(
        candidates, key=lambda both: (both[0].head in PREFERRED, both[0].created_at, both[1].created_at)
    )
    return Pair((a, b), one, other)


def _comparable(one: Evaluation, other: Evaluation) -> bool:
    rows = (one.dataset_digest, one.n, one.label_fraction)
    same_rows = rows == (other.dataset_digest, other.n, other.label_fraction)
    if one.head in CLASSIFIERS:
        return same_rows and other.head in CLASSIFIERS
    trained = one.basis is Basis.ENCODER and other.basis is Basis.ENCODER
    return same_rows and trained and one.head == other.head
