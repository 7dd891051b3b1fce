"""The median stopping rule (Golovin et al. 2017, Google Vizier, §3.2): stop a member of a sweep if, at some
point of its training, its best value is worse than the median over the other members of their mean up to that
point.

The mean of an improving training lags behind its newest value, so the rule stops late and spares slow
starters. Points are shares of a training, so members of different length are comparable; the evaluation
before the first step, which does not depend on the settings, is left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

SLACK = 1e-9

Points = Sequence[tuple[float, float]]
"""(share of the training, value), by rising share."""


@dataclass(frozen=True)
class MemberHistory:
    """The reports of a member. `settled`: it has finished, and represents later points too, unlike one that
    was killed or failed."""

    points: Points
    settled: bool


@dataclass(frozen=True)
class BelowMedian:
    """Why to stop a member: its best value, and the median over how many others."""

    best: float
    median: float
    others: int


def judge_member(
    own: Points,
    others: Sequence[MemberHistory],
    *,
    higher_is_better: bool,
    warm_up: float,
    fewest_others: int,
) -> BelowMedian | None:
    """The verdict at the newest evaluation of a member; None if it continues: it is not worse than the
    median, fewer than `fewest_others` have come as far, it is before the share `warm_up`, or it has
    finished."""
    own = _trained(own)
    if not own:
        return None
    here = own[-1][0]
    if here < warm_up - SLACK or here >= 1 - SLACK:
        return None
    means = [mean for other in others if (mean := _mean_by(other, here)) is not None]
    if len(means) < fewest_others:
        return None
    values = [value for _, value in own]
    best, middle = (max if higher_is_better else min)(values), median(means)
    worse = best < middle if higher_is_better else best > middle
    return BelowMedian(best, middle, len(means)) if worse else None


def _mean_by(other: MemberHistory, share: float) -> float | None:
    """The mean of its reports up to then; None if it has not come so far."""
    points = _trained(other.points)
    if not points or not (other.settled or points[-1][0] >= share - SLACK):
        return None
    by_then = [value for at, value in points if at <= share + SLACK]
    return fmean(by_then) if by_then else None


def _trained(points: Points) -> Points:
    return [(share, value) for share, value in points if share > SLACK]
