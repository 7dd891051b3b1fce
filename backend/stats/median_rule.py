"""The median stopping rule (Golovin et al. 2017, Google Vizier, §3.2): a member of a sweep is not worth going
on with where, at some point of its training, its best is worse than the median over the other members of the
mean of what they had reported by that point.

Means over a training that still improves are below its newest value: the rule is slow to stop, and spares who
learns late. What counts is the share of a training, so that members of different length can be compared, and
the evaluation before the first step, which no setting had a part in, is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

SLACK = 1e-9

Points = Sequence[tuple[float, float]]
"""(share of the training, value), by rising share."""


@dataclass(frozen=True)
class Course:
    """What a member has reported. `settled`: it goes no further, and stands for later points with what it
    has; one that was killed or failed on the way does not."""

    points: Points
    settled: bool


@dataclass(frozen=True)
class Outlook:
    """Why a member is not worth going on with: its best, and the median over how many others."""

    best: float
    median: float
    others: int


def judge_member(
    own: Points,
    others: Sequence[Course],
    *,
    higher_is_better: bool,
    warm_up: float,
    fewest_others: int,
) -> Outlook | None:
    """The verdict at the newest evaluation of a member; None where it goes on: it is not worse than the
    median, fewer than `fewest_others` have come as far, less than the share `warm_up` is past, or nothing is
    left to stop."""
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
    return Outlook(best, middle, len(means)) if worse else None


def _mean_by(other: Course, share: float) -> float | None:
    """The mean of what it had reported by then; None where it has not come so far."""
    points = _trained(other.points)
    if not points or not (other.settled or points[-1][0] >= share - SLACK):
        return None
    by_then = [value for at, value in points if at <= share + SLACK]
    return fmean(by_then) if by_then else None


def _trained(points: Points) -> Points:
    return [(share, value) for share, value in points if share > SLACK]
