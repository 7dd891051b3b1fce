"""The claims of a suite, tested over its seeds: intervals of mean differences, p corrected over the suite."""

from collections.abc import Sequence

from backend.stats.methods import MeanDifference, holm, paired, seeds_words, welch
from shared.contract.evaluations import FEWEST_SEEDS
from shared.contract.suites import Claim, ClaimResult, RowResult

ALPHA = 0.05


def decide_claims(claims: Sequence[Claim], rows: Sequence[RowResult]) -> list[ClaimResult]:
    """Each claim in order; Holm's correction (1979) over those that can be tested."""
    by_name = {row.name: row for row in rows}
    tested = [difference(by_name[claim.better], by_name[claim.worse]) for claim in claims]
    corrected = iter(holm([found.p for found in tested if found is not None]))
    return [
        _undecided(claim, by_name) if found is None else _decided(claim, found, next(corrected), by_name)
        for claim, found in zip(claims, tested, strict=True)
    ]


def difference(better: RowResult, worse: RowResult) -> MeanDifference | None:
    """Mean accuracy better − worse, paired if both have the same seeds; None with fewer than FEWEST_SEEDS on
    a side, or if the seeds do not differ."""
    if min(len(better.accuracies), len(worse.accuracies)) < FEWEST_SEEDS:
        return None
    test = paired if better.seeds == worse.seeds else welch
    try:
        return test(better.accuracies, worse.accuracies)
    except ValueError:
        return None


def _decided(claim: Claim, found: MeanDifference, p_holm: float, rows: dict[str, RowResult]) -> ClaimResult:
    shown = found.shown and p_holm < ALPHA
    if claim.no_gain:
        words = "a gain is shown" if shown and found.difference > 0 else "no gain shown"
        words = "a loss is shown" if shown and found.difference < 0 else words
    elif shown:
        words = "shown" if found.difference > 0 else "the contrary is shown"
    else:
        words = "not shown"
    seeds = seeds_words(*(len(rows[name].accuracies) for name in (claim.better, claim.worse)))
    return ClaimResult(
        sentence=claim.sentence,
        verdict=f"{words}, {seeds}",
        difference=found.difference,
        ci95=found.ci95,
        p=found.p,
        p_holm=p_holm,
    )


def _undecided(claim: Claim, rows: dict[str, RowResult]) -> ClaimResult:
    fewest = min(len(rows[name].accuracies) for name in (claim.better, claim.worse))
    if fewest < FEWEST_SEEDS:
        verdict = f"not decided: {FEWEST_SEEDS} seeds of both are needed, {fewest} finished"
        return ClaimResult(sentence=claim.sentence, verdict=verdict)
    return ClaimResult(sentence=claim.sentence, verdict="not decided: the seeds do not differ")
