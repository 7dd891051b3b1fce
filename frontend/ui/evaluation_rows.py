"""Evaluations as table rows: the seeds of a setting in one row, with its references below."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import mean, stdev
from typing import Any

from frontend.ui.wording import clock, plural
from shared.base.vocabulary import Basis, Head
from shared.configs.classifiers import RECIPE
from shared.contract.evaluations import Evaluation, Interval

HEAD_WORDS = {
    Head.KNN: "k-NN",
    Head.LINEAR: "linear",
    Head.LINEAR_LARS: "linear (LARS)",
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
"""Config fields that change a head."""
Jobs = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Group:
    """The newest evaluation of each seed of one setting, sorted by seed."""

    key: tuple[str, ...]
    seeds: tuple[Evaluation, ...]

    @property
    def first(self) -> Evaluation:
        return self.seeds[0]

    @property
    def accuracy(self) -> float:
        """Mean over seeds."""
        return mean(one.accuracy for one in self.seeds)


@dataclass(frozen=True)
class Block:
    """One setting of the encoder, the references of the same head, and earlier evaluations."""

    group: Group
    references: tuple[Group, ...]
    earlier: tuple[Group, ...] = ()


def group_evaluations(evaluations: Iterable[Evaluation], jobs: Jobs) -> list[Group]:
    """Groups sorted by newest checkpoint, head, most labels, pooling. `jobs` are the configs of the jobs that
    made the evaluations, by id; evaluations of a job without a config are grouped with no others."""
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
    """The setting without seed and input: equal for an evaluation and its references."""
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
    """Every group of the encoder with its references, except the majority class. A from-scratch training
    without a fine-tuned twin has a block of its own."""
    tuned = [group for group in groups if group.first.head is Head.FINETUNE]
    return [
        Block(group, tuple(other for other in groups if _is_reference(other.first, group.first, jobs)))
        for group in groups
        if group.first.basis is Basis.ENCODER
        or (
            group.first.head is Head.SUPERVISED
            and not any(_is_reference(group.first, other.first, jobs) for other in tuned)
        )
    ]


def _is_reference(reference: Evaluation, one: Evaluation, jobs: Jobs) -> bool:
    """Whether `reference` is the same head, fitted the same way, on a random encoder or raw pixels; for a
    classifier: its twin, or a linear probe on an untrained baseline."""
    if reference.basis not in (Basis.RANDOM_INIT, Basis.RAW_PIXELS) or reference.id == one.id:
        return False
    if one.head in (Head.FINETUNE, Head.SUPERVISED):
        return _is_classifier_reference(reference, one, jobs)
    recipe, other = _recipe(one, jobs.get(one.run)), _recipe(reference, jobs.get(reference.run))
    return other == recipe[: len(other)]


def _is_classifier_reference(reference: Evaluation, one: Evaluation, jobs: Jobs) -> bool:
    if reference.head is Head.LINEAR:
        pooled_alike = reference.basis is Basis.RAW_PIXELS or reference.pooling == one.pooling
        return pooled_alike and reference.label_fraction == one.label_fraction
    if reference.head is not Head.SUPERVISED or one.head is Head.SUPERVISED:
        return False
    config, other = jobs.get(one.run), jobs.get(reference.run)
    if not config or not other:
        return False
    return all(config.get(name) == other.get(name) for name in RECIPE)


def majority_of(groups: Iterable[Group]) -> Group | None:
    """The evaluation that always predicts the most frequent class."""
    return next((group for group in groups if group.first.basis is Basis.MAJORITY), None)


def fold_rows(
    blocks: Sequence[Block], majority: Group | None, titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Table rows from top to bottom; `titles` maps steps to checkpoint names where they matter. A row with
    only `words` and `earlier` holds earlier evaluations."""
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
    """One row as text; `above` is the group it is a reference for."""
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
    """The name of the head, or of the basis if there is no head."""
    return HEAD_WORDS[one.head] if one.head is not None else BASIS_WORDS.get(one.basis, str(one.basis))


def reference_words(one: Evaluation, above: Evaluation) -> str:
    """The name of a reference row: its basis, and its head if different."""
    if one.head is Head.SUPERVISED:
        return HEAD_WORDS[Head.SUPERVISED]
    basis = BASIS_WORDS[one.basis]
    return basis if one.head in (above.head, None) else f"{head_words(one)}, {basis}"


def reads_words(group: Group, titles: Mapping[str, str]) -> str:
    """The part of the encoder the head reads: block 4 of 6, mean."""
    one = group.first
    depths = sorted({seed.depth for seed in group.seeds if seed.depth is not None})
    words = [titles.get(str(one.step), "")]
    if depths:
        block = f"block{'s' if len(depths) > 1 else ''} {', '.join(map(str, depths))}"
        words.append(f"{block} of {one.layers}" if one.layers else block)
    return " · ".join(word for word in [*words, one.pooling or ""] if word)


def name_evaluation(one: Evaluation) -> str:
    """One evaluation on one line: linear · block 4, mean · 10 % of the labels · seed 2."""
    words = [head_words(one)]
    if one.basis is not Basis.ENCODER and one.head is not None:
        words.append(BASIS_WORDS[one.basis])
    if one.depth is not None and one.basis is not Basis.RAW_PIXELS:
        words.append(f"block {one.depth}" + (f", {one.pooling}" if one.pooling else ""))
    if one.label_fraction < 1:
        words.append(f"{100 * one.label_fraction:g} % of the labels")
    return " · ".join([*words, *([f"seed {one.seed}"] if one.head is not None else [])])


def spread_words(shares: Sequence[float]) -> str:
    """Per cent with one decimal; mean ± sample standard deviation for several."""
    if len(shares) == 1:
        return f"{100 * shares[0]:.1f}"
    return f"{100 * mean(shares):.1f} ± {two_digits(100 * stdev(shares))}"


def two_digits(value: float) -> str:
    """Two significant digits, at most two decimals: 12, 3.4, 0.56."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"


def interval_words(low: float, high: float) -> str:
    """An interval in per cent: 41.3 – 55.0; one more decimal if narrower than one point."""
    decimals = 1 if high - low >= 0.01 else 2
    return f"{100 * low:.{decimals}f} – {100 * high:.{decimals}f}"


def _words_of(interval: Interval) -> str:
    return interval_words(interval.low, interval.high)


def top2_words(group: Group) -> str:
    """Top-2 accuracy; a dash for datasets of two classes."""
    found = [seed.top2_accuracy for seed in group.seeds if seed.top2_accuracy is not None]
    return spread_words(found) if found else "–"


def points(gap: float) -> str:
    """A difference of shares in percentage points with its sign: +12.3, −0.4, ±0.0."""
    rounded = round(100 * gap, 1)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else "±"
    return f"{sign}{abs(rounded):.1f}"


def notes_of(groups: Iterable[Group]) -> list[tuple[str, list[str]]]:
    """Caveats about the figures, each with the heads it applies to; test rows seen in pretraining first."""
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
        return ["This is the checkpoint at step 0, before any training."]
    if one.seen_in_pretraining is None and one.basis is Basis.ENCODER:
        return ["The pretraining data of the encoder is unknown; it may include test galaxies."]
    if not one.seen_in_pretraining:
        return []
    return [
        f"{one.seen_in_pretraining:,} of {one.n:,} test galaxies were part of the pretraining data "
        "(pixels, not labels)."
    ]
