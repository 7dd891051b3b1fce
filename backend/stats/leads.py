"""Who leads, and from when: two trainings of the same epochs, over the seeds that both have."""

from collections.abc import Sequence

from backend.stats.methods import paired
from shared.contract.evaluations import FEWEST_SEEDS, SMOOTHED_OVER, CatchUp, Lead

Accuracies = Sequence[float]


def smoothed(values: Accuracies) -> list[float]:
    """Each value's mean with the two before it; of the first two, with what there is."""
    return [
        sum(values[max(end - SMOOTHED_OVER, 0) : end]) / min(end, SMOOTHED_OVER)
        for end in range(1, len(values) + 1)
    ]


def reached(seed: int, epochs: Sequence[float], tuned: Accuracies, twin: Accuracies) -> CatchUp:
    """When `tuned` comes up to where `twin` ended; a mean counts once there are three to take it of."""
    level = smoothed(twin)[-1]
    found = (
        epoch
        for place, (epoch, value) in enumerate(zip(epochs, smoothed(tuned), strict=True))
        if value >= level and place >= SMOOTHED_OVER - 1
    )
    return CatchUp(seed=seed, epoch=next(found, None), twin_accuracy=level)


def leads(epochs: Sequence[float], tuned: Sequence[Accuracies], scratch: Sequence[Accuracies]) -> list[Lead]:
    """The lead at each epoch, of curves seed by seed; none of fewer than FEWEST_SEEDS, or where seeds agree
    to the last digit."""
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
    """What may be said: of the first quarter, of the end, of the epochs that fine-tuning saves."""
    if not reaches:
        return "Nothing is said before a fine-tuning and its twin of the same seed have ended."
    sentences = []
    if found:
        early = min(found, key=lambda lead: abs(lead.epoch - epochs / 4))
        sentences += [_lead_words(early, f"After {early.epoch:g} of {epochs} epochs")]
        sentences += [_lead_words(found[-1], "At the end")]
    else:
        sentences.append(
            f"With fewer than {FEWEST_SEEDS} seeds on both sides nothing is said of the methods."
        )
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
    came = [one.epoch for one in reaches if one.epoch is not None]
    if not came:
        return "It never comes up to where training from scratch ended."
    when = ", ".join(f"{epoch:g}" for epoch in sorted(came))
    rest = (
        f", and in {len(reaches) - len(came)} of {len(reaches)} seeds never"
        if len(came) < len(reaches)
        else ""
    )
    return f"It comes up to where training from scratch ended at epoch {when} of {epochs}{rest}."
