"""Is a training still learning? The rule behind the verdict of a run.

An accuracy on n galaxies has Wilson's interval, of half-width W ≈ 1.96·√(p(1−p)/n). Evaluations of one run
are paired, on the same galaxies: the uncertainty of their difference is 1.96·√(d/n), where d is the share of
galaxies that only one of them got right. With linear probes of successive checkpoints, d was 8 % (EFIGI,
0.63) and 9, 15, 22 % (simulated, 0.75 to 0.85). The rule assumes d = ¾·p(1−p), 18 % at 0.6: means of k
evaluations differ by more than chance beyond W·√(¾/k), half of Wilson's half-width for k = 3. That is the
threshold t.

A level is the mean of the last three evaluations (half of them if there are fewer than six), without step 0,
the random init. Then a training is

- improving, if its level is more than t over that of ten evaluations ago, and still rises: by t/4 over the
best level before the last three evaluations, a little less than an even rise of t in ten would; - worsening,
if it is more than t under its best level, or under step 0; - flat otherwise.

Collapsing is checked first: RankMe of the last two evaluations at most a third of that at step 0, and at most
1/40 of the width (or 2, if that is more). One condition is not enough: mean-pooled features of fresh encoders
of widths 96 to 1024 have a RankMe of 12 to 19 on EFIGI, 13 % of the width down to 1.7 %, and healthy runs dip
to two thirds of it in their first epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from backend.stats.early_stopping import Points, replay_stopping
from backend.stats.scores import wilson
from shared.base.text import plural
from shared.contract.runs import Trend, Verdict

WINDOW = 10
LEVEL = 3
DISCORDANCE = 0.75
"""Share of galaxies that only one of two evaluations gets right, over p(1 − p)."""
FEWEST = 3
"""Evaluations after step 0 needed for a trend."""
UNKNOWN_ROWS_THRESHOLD = 0.02
COLLAPSED_SHARE, COLLAPSED_FACTOR, COLLAPSED_RANK = 1 / 40, 1 / 3, 2.0


@dataclass(frozen=True)
class TrainingHistory:
    """The evaluations of one training. `accuracy` is the metric `key`, by which it stops and selects the
    best; `n` its labelled validation rows, None if unknown; `patience` 0: early stopping is off."""

    key: str
    accuracy: Points
    rank: Points
    width: int | None
    n: int | None
    labelled: bool
    patience: int
    total_steps: int | None
    ended: bool


@dataclass(frozen=True)
class Finding:
    """A state, its reason, and for how many evaluations it has lasted."""

    state: Trend
    sentence: str
    evaluations: int = 0


@dataclass(frozen=True)
class Levels:
    """Running means over `size` evaluations after step 0, each with its last step; `least` is the least
    significant difference of two of them."""

    means: list[float]
    steps: list[int]
    size: int
    least: float

    @property
    def now(self) -> float:
        return self.means[-1]


def judge_training(course: TrainingHistory) -> Verdict:
    """The verdict on a training, by the rules of this module."""
    stopping = replay_stopping(course.accuracy, course.patience, course.total_steps)
    levels = running_levels(course)
    finding = _collapse(course) or _unlabelled(course) or _trend(course, levels)
    return Verdict(
        state=finding.state,
        sentence=finding.sentence,
        evaluations=finding.evaluations,
        threshold=levels.least if levels else None,
        judged_by=course.key if course.accuracy else None,
        best_step=stopping.best_step,
        patience=stopping.patience,
        would_stop_at_step=stopping.stop_step,
        stopping=stopping.words(course.ended),
        ended=course.ended,
    )


def running_levels(course: TrainingHistory) -> Levels | None:
    """None if there are too few evaluations."""
    trained = [(step, value) for step, value in course.accuracy if step > 0]
    if len(trained) < FEWEST:
        return None
    size = min(LEVEL, len(trained) // 2)
    ends = range(size, len(trained) + 1)
    means = [sum(value for _, value in trained[end - size : end]) / size for end in ends]
    steps = [trained[end - 1][0] for end in ends]
    return Levels(means, steps, size, threshold(means[-1], course.n, size))


def threshold(level: float, n: int | None, size: int) -> float:
    """The least significant difference of means of `size` evaluations on the same `n` galaxies."""
    if not n:
        return UNKNOWN_ROWS_THRESHOLD
    found = wilson(round(level * n), n)
    return (found.high - found.low) / 2 * sqrt(DISCORDANCE / size)


def _collapse(course: TrainingHistory) -> Finding | None:
    if course.width is None or len(course.rank) < FEWEST or course.rank[0][0] != 0:
        return None
    first = course.rank[0][1]
    limit = min(max(course.width * COLLAPSED_SHARE, COLLAPSED_RANK), first * COLLAPSED_FACTOR)
    low = _trailing([value <= limit for _, value in course.rank])
    if low < 2:
        return None
    now = course.rank[-1][1]
    words = f"collapsing: effective rank {_rank(now)} of {course.width}, from {_rank(first)} at step 0"
    return Finding(Trend.COLLAPSING, words, low)


def _unlabelled(course: TrainingHistory) -> Finding | None:
    if course.labelled or not course.rank:
        return None
    of = f" of {course.width}" if course.width else ""
    words = f"no labels to evaluate with: effective rank {_rank(course.rank[-1][1])}{of}"
    return Finding(Trend.UNLABELLED, words)


def _trend(course: TrainingHistory, levels: Levels | None) -> Finding:
    if levels is None:
        return _too_early(course)
    return _improving(course, levels) or _worsening(course, levels) or _flat(levels)


def _too_early(course: TrainingHistory) -> Finding:
    done = sum(step > 0 for step, _ in course.accuracy)
    words = f"too early to tell: {plural(done, 'evaluation')} after step 0, a trend takes {FEWEST}"
    if course.ended:
        advice = "a smaller eval_every_epochs gives more"
        words = f"too few evaluations for a trend: {done} after step 0, it takes {FEWEST}; {advice}"
    return Finding(Trend.TOO_EARLY, words)


def _improving(course: TrainingHistory, levels: Levels) -> Finding | None:
    window = min(WINDOW, len(levels.means) - 1)
    gain = levels.now - levels.means[-1 - window]
    climb = levels.now - max(levels.means[: -levels.size])
    if gain <= levels.least or climb <= levels.least / 4:
        return None
    still = "was still improving when it ended" if course.ended else "still improving"
    words = f"{still}: +{100 * gain:.1f} points in the last {plural(window, 'evaluation')}"
    return Finding(Trend.IMPROVING, words, window)


def _worsening(course: TrainingHistory, levels: Levels) -> Finding | None:
    top = levels.means.index(max(levels.means))
    best, where = levels.means[top], f"its level at step {levels.steps[top]:,}"
    since = len(levels.means) - 1 - top
    step, value = course.accuracy[0]
    if step == 0 and value > best:
        best, where, since = value, "its own random init", len(course.accuracy) - 1
    if best - levels.now <= levels.least:
        return None
    ago = f"{plural(since, 'evaluation')} ago"
    words = f"worsening: {100 * (best - levels.now):.1f} points under {where}, {ago}"
    return Finding(Trend.WORSENING, words, since)


def _flat(levels: Levels) -> Finding:
    alike = _trailing([abs(mean - levels.now) <= levels.least for mean in levels.means])
    since = alike if alike < len(levels.means) else alike + levels.size - 1
    chance = f"no change beyond ±{100 * levels.least:.1f} points, which may be chance"
    return Finding(Trend.FLAT, f"flat for {plural(since, 'evaluation')}: {chance}", since)


def _trailing(flags: Sequence[bool]) -> int:
    """How many are true at the end."""
    return next((count for count, flag in enumerate(reversed(flags)) if not flag), len(flags))


def _rank(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
