"""Evaluations as the rows of a table: the seeds of one setting together, what they must beat below them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import mean, stdev
from typing import Any

from frontend.wording import clock, plural
from shared.base.vocabulary import Basis, Head
from shared.configs.classifiers import RECIPE
from shared.contract.evaluations import Evaluation, Interval

HEAD_WORDS = {
    Head.KNN: "k-NN",
    Head.LINEAR: "linear",
    Head.LINEAR_LARS: "linear by LARS",
    Head.MLP: "MLP",
    Head.ATTENTIVE: "attentive pooling",
    Head.FINETUNE: "fine-tuned",
    Head.SUPERVISED: "trained from scratch",
}
BASIS_WORDS = {
    Basis.RANDOM_INIT: "at random init",
    Basis.RAW_PIXELS: "raw pixels",
    Basis.MAJORITY: "majority class",
}
SETTINGS_OF = {
    Head.KNN: ("knn_k", "knn_temperature"),
    Head.MLP: ("mlp_width",),
    Head.FINETUNE: (*RECIPE, "layer_decay"),
    Head.SUPERVISED: RECIPE,
}
"""What of a job's config changes a head."""
Jobs = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Group:
    """Evaluations that differ in their seed alone, by rising seed; the newest of each."""

    key: tuple[str, ...]
    seeds: tuple[Evaluation, ...]

    @property
    def first(self) -> Evaluation:
        return self.seeds[0]

    @property
    def accuracy(self) -> float:
        """Mean over the seeds."""
        return mean(one.accuracy for one in self.seeds)


@dataclass(frozen=True)
class Block:
    """One setting of the encoder, the references of the same head, and what stands behind it."""

    group: Group
    references: tuple[Group, ...]
    earlier: tuple[Group, ...] = ()


def group_evaluations(evaluations: Iterable[Evaluation], jobs: Jobs) -> list[Group]:
    """Groups in the order of reading: newest checkpoint, head, most labels, pooling. `jobs` are the configs
    of the jobs that made them, by id; without its config a job's evaluations stand for themselves."""
    keyed: dict[tuple[str, ...], dict[int, Evaluation]] = {}
    for one in sorted(evaluations, key=lambda one: one.created_at):
        keyed.setdefault(_key(one, jobs.get(one.run)), {})[one.seed] = one
    groups = [Group(key, tuple(seeds[seed] for seed in sorted(seeds))) for key, seeds in keyed.items()]
    return sorted(groups, key=_reading_order)


def _key(one: Evaluation, config: Mapping[str, Any] | None) -> tuple[str, ...]:
    step = one.step if one.basis is Basis.ENCODER else None
    parts: list[Any] = [one.basis, one.encoder, step, *_recipe(one, config), one.dataset_digest]
    return tuple(str(part) for part in parts)


def _recipe(one: Evaluation, config: Mapping[str, Any] | None) -> list[Any]:
    """What two evaluations share whose only difference is what the head reads, or its seed."""
    recipe: list[Any] = [one.head, one.label_fraction]
    if one.head in SETTINGS_OF:
        names = SETTINGS_OF[one.head]
        recipe += [one.run] if config is None else [config.get(name) for name in names]
    if one.basis in (Basis.ENCODER, Basis.RANDOM_INIT):
        recipe += [one.pooling]
        recipe += [one.depth] if config is None else [config.get(name) for name in ("depths", "inner_norm")]
    return recipe


def _reading_order(group: Group) -> tuple[Any, ...]:
    one = group.first
    heads = list(Head)
    head = heads.index(one.head) if one.head is not None else len(heads)
    return (-(one.step or 0), head, -one.label_fraction, one.pooling or "", group.key)


def with_references(groups: Sequence[Group], jobs: Jobs) -> list[Block]:
    """Every group of the encoder with its references, but for the majority; what was trained from scratch and
    is no twin of a fine-tuning stands for itself."""
    tuned = [group for group in groups if group.first.head is Head.FINETUNE]
    return [
        Block(group, tuple(other for other in groups if _stands_for(other.first, group.first, jobs)))
        for group in groups
        if group.first.basis is Basis.ENCODER
        or (
            group.first.head is Head.SUPERVISED
            and not any(_stands_for(group.first, other.first, jobs) for other in tuned)
        )
    ]


def _stands_for(reference: Evaluation, one: Evaluation, jobs: Jobs) -> bool:
    """Whether it is the same head, fitted the same way, on a random encoder or on raw pixels; of a classifier
    its twin, and linear probes on what learned nothing."""
    if reference.basis not in (Basis.RANDOM_INIT, Basis.RAW_PIXELS) or reference.id == one.id:
        return False
    if one.head in (Head.FINETUNE, Head.SUPERVISED):
        return _stands_for_classifier(reference, one, jobs)
    wanted, found = _recipe(one, jobs.get(one.run)), _recipe(reference, jobs.get(reference.run))
    return found == wanted[: len(found)]


def _stands_for_classifier(reference: Evaluation, one: Evaluation, jobs: Jobs) -> bool:
    if reference.head is Head.LINEAR:
        pooled_alike = reference.basis is Basis.RAW_PIXELS or reference.pooling == one.pooling
        return pooled_alike and reference.label_fraction == one.label_fraction
    if reference.head is not Head.SUPERVISED or one.head is Head.SUPERVISED:
        return False
    wanted, found = jobs.get(one.run), jobs.get(reference.run)
    if not wanted or not found:
        return False
    return all(wanted.get(name) == found.get(name) for name in RECIPE)


def majority_of(groups: Iterable[Group]) -> Group | None:
    """The evaluation that always names the commonest class."""
    return next((group for group in groups if group.first.basis is Basis.MAJORITY), None)


def fold_rows(
    blocks: Sequence[Block], majority: Group | None, titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The table's rows from top to bottom; `titles` name checkpoints by step, where they matter. Earlier
    evaluations are the `earlier` rows of a row that has nothing else but its `words`."""
    rows: list[dict[str, Any]] = []
    for block in blocks:
        rows.append(score_row(block.group, None, titles))
        rows += [score_row(other, block.group, titles) for other in block.references]
        if block.earlier:
            words = plural(len(block.earlier), "earlier evaluation")
            rows.append({"words": words, "earlier": [_earlier_row(old, titles) for old in block.earlier]})
    if majority is not None:
        best = max((block.group for block in blocks), key=lambda group: group.accuracy, default=None)
        rows.append(score_row(majority, best, titles))
    return rows


def score_row(group: Group, above: Group | None, titles: Mapping[str, str]) -> dict[str, Any]:
    """One row, in words; `above` is what it is a reference for."""
    one, n = group.first, len(group.seeds)
    return {
        "ids": [seed.id for seed in group.seeds],
        "reference": above is not None or one.basis is Basis.MAJORITY,
        "head": head_words(one) if above is None else reference_words(one, above.first),
        "reads": reads_words(group, titles) if one.basis in (Basis.ENCODER, Basis.RANDOM_INIT) else "",
        "labels": f"{100 * one.label_fraction:g} %" if one.head is not None else "",
        "n_train": one.n_train,
        "accuracy": f"{spread_words([seed.accuracy for seed in group.seeds])} %",
        "interval": _words_of(one.accuracy_ci95),
        "low": one.accuracy_ci95.low,
        "value": group.accuracy,
        "high": one.accuracy_ci95.high,
        "each": [seed.accuracy for seed in group.seeds],
        "seeds": plural(n, "seed") if n > 1 else "",
        "balanced": spread_words([seed.balanced_accuracy for seed in group.seeds]),
        "balanced_interval": "" if n > 1 else _words_of(one.balanced_accuracy_ci95),
        "macro_f1": spread_words([seed.macro_f1 for seed in group.seeds]),
        "macro_f1_interval": "" if n > 1 else _words_of(one.macro_f1_ci95),
        "top2": top2_words(group),
        "n": one.n,
        "gap": "" if above is None else points(above.accuracy - group.accuracy),
        "estimator": one.estimator,
        "seen": one.seen_in_pretraining or 0,
    }


def _earlier_row(group: Group, titles: Mapping[str, str]) -> dict[str, Any]:
    made = max(one.created_at for one in group.seeds)
    return score_row(group, None, titles) | {"when": clock(made)}


def head_words(one: Evaluation) -> str:
    """The head as a person calls it; what was fitted where there is none."""
    return HEAD_WORDS[one.head] if one.head is not None else BASIS_WORDS.get(one.basis, str(one.basis))


def reference_words(one: Evaluation, above: Evaluation) -> str:
    """What stands below a row: by what it reads, and by its head where that is another."""
    if one.head is Head.SUPERVISED:
        return HEAD_WORDS[Head.SUPERVISED]
    basis = BASIS_WORDS[one.basis]
    return basis if one.head in (above.head, None) else f"{head_words(one)}, {basis}"


def reads_words(group: Group, titles: Mapping[str, str]) -> str:
    """What of the encoder the head reads: block 4 of 6, mean."""
    one = group.first
    depths = sorted({seed.depth for seed in group.seeds if seed.depth is not None})
    words = [titles.get(str(one.step), "")]
    if depths:
        block = f"block{'s' if len(depths) > 1 else ''} {', '.join(map(str, depths))}"
        words.append(f"{block} of {one.layers}" if one.layers else block)
    return " · ".join(word for word in [*words, one.pooling or ""] if word)


def name_evaluation(one: Evaluation) -> str:
    """One evaluation in a line: linear on block 4, mean · 10 % of labels · seed 2."""
    words = [head_words(one)]
    if one.basis is not Basis.ENCODER and one.head is not None:
        words.append(BASIS_WORDS[one.basis])
    if one.depth is not None and one.basis is not Basis.RAW_PIXELS:
        words.append(f"block {one.depth}" + (f", {one.pooling}" if one.pooling else ""))
    if one.label_fraction < 1:
        words.append(f"{100 * one.label_fraction:g} % of the labels")
    return " · ".join([*words, *([f"seed {one.seed}"] if one.head is not None else [])])


def spread_words(shares: Sequence[float]) -> str:
    """Per cent with one decimal; mean ± sample standard deviation where there are several."""
    if len(shares) == 1:
        return f"{100 * shares[0]:.1f}"
    return f"{100 * mean(shares):.1f} ± {two_digits(100 * stdev(shares))}"


def two_digits(value: float) -> str:
    """Two significant digits, at most two decimals: 12, 3.4, 0.56."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"


def interval_words(low: float, high: float) -> str:
    """An interval in per cent: 41.3 – 55.0; one decimal more where it is narrower than a point."""
    decimals = 1 if high - low >= 0.01 else 2
    return f"{100 * low:.{decimals}f} – {100 * high:.{decimals}f}"


def _words_of(interval: Interval) -> str:
    return interval_words(interval.low, interval.high)


def top2_words(group: Group) -> str:
    """Top-2 accuracy, a dash where two classes are all there are."""
    found = [seed.top2_accuracy for seed in group.seeds if seed.top2_accuracy is not None]
    return spread_words(found) if found else "–"


def points(gap: float) -> str:
    """A difference of shares in points, with its sign: +12.3, −0.4, ±0.0."""
    rounded = round(100 * gap, 1)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else "±"
    return f"{sign}{abs(rounded):.1f}"


def notes_of(groups: Iterable[Group]) -> list[tuple[str, list[str]]]:
    """What a reader of the figures should know, with the heads that it is about; seen test rows first."""
    found = [
        (sentence, head_words(one))
        for group in groups
        for one in group.seeds
        for sentence in [*_about_encoder(one), *one.notes]
    ]
    by_sentence = groupby(sorted(found), key=lambda pair: pair[0])
    return [(sentence, sorted({head for _, head in pairs})) for sentence, pairs in by_sentence]


def _about_encoder(one: Evaluation) -> list[str]:
    if one.step == 0 and one.basis is Basis.ENCODER:
        return ["The checkpoint that was judged is that of step 0: nothing had been learned yet."]
    if one.seen_in_pretraining is None and one.basis is Basis.ENCODER:
        return ["It is not known which galaxies the encoder was pretrained on; test rows may be among them."]
    if not one.seen_in_pretraining:
        return []
    return [
        f"{one.seen_in_pretraining:,} of {one.n:,} test galaxies were among those that the encoder was "
        "pretrained on (pixels, not labels)."
    ]
