"""Two methods over their seeds: what makes a side one method, and what may then be said."""

from collections.abc import Sequence

from backend.errors import InvalidInputError
from backend.stats.methods import method_verdict, paired, welch
from shared.base.vocabulary import Basis
from shared.contract.evaluations import FEWEST_SEEDS, Evaluation, MethodComparison


def compare_seeds(a: Sequence[Evaluation], b: Sequence[Evaluation]) -> MethodComparison:
    """Mean accuracies on the same test rows: by pairs where both sides have the same seeds, which draw the
    same labels, else by Welch's t. Raises InvalidInputError where no seed differs."""
    of_a, of_b = ({one.seed: one.accuracy for one in side} for side in (a, b))
    in_pairs = of_a.keys() == of_b.keys() and len(a) == len(of_a) and len(b) == len(of_b)
    try:
        if in_pairs:
            seeds = sorted(of_a)
            found = paired([of_a[seed] for seed in seeds], [of_b[seed] for seed in seeds])
        else:
            found = welch([one.accuracy for one in a], [one.accuracy for one in b])
    except ValueError as error:
        raise InvalidInputError(
            "no_spread", f"A and B cannot be compared as methods: {error}; add seeds, or compare two of them"
        ) from error
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
    """Raises InvalidInputError unless they are one method, over FEWEST_SEEDS seeds or more, each once."""
    name = field.upper()
    if len(side) < FEWEST_SEEDS:
        raise InvalidInputError(
            "too_few_seeds",
            f"{name} has {len(side)} seed{'' if len(side) == 1 else 's'}, and nothing is said of a method "
            f"with fewer than {FEWEST_SEEDS}; evaluate it with more seeds, or compare two single evaluations",
            field,
        )
    for one in side[1:]:
        if _method(one) != _method(side[0]):
            raise InvalidInputError(
                "not_one_method",
                f"{name} holds {side[0].id} and {one.id}, which differ in more than their seed; "
                "give the seeds of one method",
                field,
            )
    if not _are_independent(side):
        raise InvalidInputError(
            "not_independent",
            f"the {len(side)} evaluations of {name} are not as many independent draws; give each seed of one "
            "checkpoint once, or one evaluation of each of several trainings",
            field,
        )


def _method(one: Evaluation) -> tuple[object, ...]:
    return (one.basis, one.head, one.pooling, one.label_fraction)


def _are_independent(side: Sequence[Evaluation]) -> bool:
    """Whether they are seeds of one checkpoint, or every one is of a training of its own."""
    checkpoints = {(_training(one), one.step) for one in side}
    if len(checkpoints) == 1:
        return len({one.seed for one in side}) == len(side)
    return len({training for training, _ in checkpoints}) == len(side)


def _training(one: Evaluation) -> str:
    """The run that trained what was judged; empty where no training is behind it."""
    return one.encoder or (one.run if one.basis is Basis.ENCODER else "")
