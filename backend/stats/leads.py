"""Which of two trainings of equal length leads, and from when, over the seeds of both."""

from collections.abc import Sequence

from backend.stats.methods import paired
from shared.contract.evaluations import FEWEST_SEEDS, SMOOTHED_OVER, CatchUp, Lead

Accuracies = Sequence[float]


def smoothed(values: Accuracies) -> list[float]:
    """The mean of each value with up to two before it."""
    return [
        sum(values[max(end - SMOOTHED_OVER, 0) : end]) / min(end, SMOOTHED_OVER)
        for end in range(1, len(values) + 1)
    ]


def reached(seed: int, epochs: Sequence[float], tuned: Accuracies, twin: Accuracies) -> CatchUp:
    """When `tuned` reaches the final level of `twin`; a mean counts once it is over three values."""
    level = smoothed(twin)[-1]
    found = (
        epoch
        for place, (epoch, value) in enumerate(zip(epochs, smoothed(tuned), strict=True))
        if value >= level and place >= SMOOTHED_OVER - 1
    )
    return CatchUp(seed=seed, epoch=next(found, None), twin_accuracy=level)


def leads(epochs: Sequence[float], tuned: Sequence[Accuracies], scratch: Sequence[Accuracies]) -> list[Lead]:
    """The lead at each epoch, from curves by seed; empty for fewer than FEWEST_SEEDS, and without epochs at
    which the seeds do not differ."""
    if len(tuned) < FEWEST_SEEDS:
        return []
    ours, theirs = [smoothed(one) for one in tuned], [smoothed(one) for one in scratch]
    found = []
    for place, epoch in enumerate(epochs):
        try:
            gap = paired([one[place] for one in ours], [one[place] for one in theirs])
        except ValueError:
            continue
        found.append(Lead(epoch=epoch, difference=gap.difference, ci95=gap.ci95, shown=gap.shown))
    return found


def lead_verdict(found: Sequence[Lead], reaches: Sequence[CatchUp], epochs: int) -> str:
    """The conclusion about the first quarter, the end, and the epochs that fine-tuning saves."""
    if not reaches:
        return "No verdict until a fine-tuning and its twin of the same seed have ended."
    sentences = []
    if found:
        early = min(found, key=lambda lead: abs(lead.epoch - epochs / 4))
        sentences += [_lead_words(early, f"After {early.epoch:g} of {epochs} epochs")]
        sentences += [_lead_words(found[-1], "At the end")]
    else:
        sentences.append(f"Comparing the methods takes {FEWEST_SEEDS} seeds on both sides.")
    return " ".join([*sentences, _reached_words(reaches, epochs)])


def _lead_words(lead: Lead, when: str) -> str:
    low, high = 100 * lead.ci95.low, 100 * lead.ci95.high
    interval = f"(95 %: {low:+.1f} to {high:+.1f})".replace("-", "−")
    gap = f"{abs(100 * lead.difference):.1f} points"
    if not lead.shown:
        side = "ahead" if lead.difference >= 0 else "behind"
        return f"{when} fine-tuning is {gap} {side} {interval}: not shown."
    return f"{when} fine-tuning {'leads' if lead.difference > 0 else 'is behind'} by {gap} {interval}: shown."


def _reached_words(reaches: Sequence[CatchUp], epochs: int) -> str:
    when = sorted(one.epoch for one in reaches if one.epoch is not None)
    if not when:
        return "It never reaches the final accuracy of training from scratch."
    never = len(reaches) - len(when)
    rest = f", and never in {never} of {len(reaches)} seeds" if never else ""
    at = ", ".join(f"{epoch:g}" for epoch in when)
    return f"It reaches the final accuracy of training from scratch at epoch {at} of {epochs}{rest}."
