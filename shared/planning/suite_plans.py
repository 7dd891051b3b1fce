"""The plan of each suite."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.base.vocabulary import Basis, Head
from shared.configs.kinds import RunKind
from shared.configs.presets import PRESETS
from shared.contract.suites import Claim, RowSpec, Slot, SuitePlan, SuiteScale
from shared.planning.suite_texts import SUITES

Values = Mapping[str, Any]
MODEL_SIZES = ("tiny", "small", "base")
DECODER = {
    SuiteScale.LAPTOP: {"decoder_embed_dim": 64, "decoder_depth": 1, "decoder_num_heads": 1},
    SuiteScale.PAPER: {"decoder_embed_dim": 512, "decoder_depth": 8, "decoder_num_heads": 16},
}
"""The same decoder at every size, so that size alone differs."""
EVALUATED = {SuiteScale.LAPTOP: {"eval_every_epochs": 5}, SuiteScale.PAPER: {"eval_every_epochs": 10}}
CLASSIFIER: dict[SuiteScale, dict[str, Any]] = {
    SuiteScale.LAPTOP: {"epochs": 12, "warmup_epochs": 1.0},
    SuiteScale.PAPER: {"epochs": 100, "warmup_epochs": 5.0, "batch_size": 256, "blr": 5e-4},
}
PLAIN = {"mixup": 0.0, "drop_path": 0.0, "label_smoothing": 0.0, "flip": False, "rotate90": False}
ENCODER_SIZES = ("img_size", "patch_size", "embed_dim", "depth", "num_heads")


class Builder:
    """Collects the slots of a suite; repeated slots count once."""

    def __init__(self, scale: SuiteScale, dataset: str, seeds: int) -> None:
        self.scale, self.dataset, self.seeds = scale, dataset, seeds
        self.slots: dict[str, Slot] = {}
        self.rows: list[RowSpec] = []
        self.claims: list[Claim] = []

    def pretrain(self, name: str, seed: int, size: str = "base", **values: Any) -> str:
        """Add a pretraining; returns its key."""
        preset = PRESETS[f"{self.scale.value}-{size}"].values
        config = preset | DECODER[self.scale] | EVALUATED[self.scale] | values | {"dataset": self.dataset}
        return self._add(f"{name}/pretrain/{seed}", RunKind.PRETRAIN, seed, config)

    def probe(self, name: str, seed: int, encoder: str, **values: Any) -> str:
        """Add frozen heads on a pretraining; returns its key."""
        config = {"heads": ("knn", "linear"), "dataset": self.dataset, "seed": seed, "when": "ended"} | values
        return self._add(f"{name}/probe/{seed}", RunKind.PROBE, seed, config, encoder)

    def finetune(self, name: str, seed: int, encoder: str, **values: Any) -> str:
        config = CLASSIFIER[self.scale] | values | {"dataset": self.dataset}
        return self._add(f"{name}/finetune/{seed}", RunKind.FINETUNE, seed, config, encoder)

    def supervised(self, name: str, seed: int, encoder: str | None, **values: Any) -> str:
        """Add the twin of a fine-tuning on `encoder`, or a training of the base size."""
        preset = PRESETS[f"{self.scale.value}-base"].values
        sizes = {} if encoder else {field: preset[field] for field in ENCODER_SIZES}
        config = CLASSIFIER[self.scale] | sizes | values | {"dataset": self.dataset}
        return self._add(f"{name}/supervised/{seed}", RunKind.SUPERVISED, seed, config, encoder)

    def each(self, make: Callable[[int], str]) -> list[str]:
        """One slot a seed."""
        return [make(seed) for seed in range(self.seeds)]

    def row(self, name: str, head: Head, slots: list[str], **more: Any) -> None:
        self.rows.append(RowSpec(name=name, head=head, slots=slots, **more))

    def claim(self, sentence: str, better: str, worse: str, *, no_gain: bool = False) -> None:
        self.claims.append(Claim(sentence=sentence, better=better, worse=worse, no_gain=no_gain))

    def _add(self, key: str, kind: RunKind, seed: int, config: Values, encoder: str | None = None) -> str:
        own = {"seed": seed} if kind is not RunKind.PROBE else {}
        self.slots[key] = Slot(key=key, kind=kind, seed=seed, config={**config, **own}, encoder=encoder)
        return key


def _supervised(build: Builder) -> None:
    recipes: dict[str, Values] = {"plain": PLAIN, "tuned": {}}
    for name, values in recipes.items():
        slots = [build.supervised(name, seed, None, **values) for seed in range(build.seeds)]
        build.row(
            f"supervised base, {name} recipe",
            Head.SUPERVISED,
            slots,
            basis=Basis.RANDOM_INIT,
            report=0.6825 if name == "plain" else None,
        )


def _probed(
    build: Builder, name: str, *, size: str = "base", values: Values | None = None, **probe: Any
) -> list[str]:
    """Probes of a pretraining, one a seed."""

    def make(seed: int) -> str:
        encoder = build.pretrain(name, seed, size, **(values or {}))
        return build.probe(name, seed, encoder, **probe)

    return build.each(make)


def _sizes(build: Builder) -> None:
    for size in MODEL_SIZES:
        slots = _probed(build, size, size=size)
        build.row(f"{size}, linear", Head.LINEAR, slots, report=0.5078 if size == "base" else None)
        build.row(f"{size}, k-NN", Head.KNN, slots)
        build.row(f"{size}, linear, random init", Head.LINEAR, slots, basis=Basis.RANDOM_INIT)
    build.claim("a small model probes better than a tiny one", "small, linear", "tiny, linear")
    build.claim("a base model probes better than a tiny one", "base, linear", "tiny, linear")
    build.claim("a base model probes better than a small one", "base, linear", "small, linear")


AUGMENTATIONS: dict[str, Values] = {
    "no augmentation": {"flip": False, "rotate90": False},
    "flips and turns": {},
    "random resized crops": {"crop_scale_min": 0.6},
    "colour jitter": {"colour_jitter": 0.2},
}


def _augmentations(build: Builder) -> None:
    none, *others = AUGMENTATIONS
    for name, values in AUGMENTATIONS.items():
        own = "base" if name == "flips and turns" else name
        build.row(name, Head.LINEAR, _probed(build, own, values=values))
    for name in others:
        build.claim(f"{name} bring no gain", name, none, no_gain=True)


def _reconstructions(build: Builder) -> None:
    """No rows: the suite shows the fixed galaxies of its evaluations."""
    build.pretrain("base", 0)


def _downstream(build: Builder) -> None:
    last = _probed(build, "base", heads=("knn", "linear", "mlp"))
    chosen = build.each(
        lambda seed: build.probe(
            "base, all blocks", seed, f"base/pretrain/{seed}", heads=("linear",), depths="all"
        )
    )
    tuned = build.each(
        lambda seed: build.finetune("base, MLP head", seed, f"base/pretrain/{seed}", head="mlp")
    )
    build.row("k-NN", Head.KNN, last)
    build.row("linear, last block", Head.LINEAR, last, report=0.58)
    build.row("linear, block chosen on validation", Head.LINEAR, chosen)
    build.row("MLP on the frozen encoder", Head.MLP, last, report=0.637)
    build.row("fine-tuned, MLP head", Head.FINETUNE, tuned, report=0.678)
    build.claim(
        "an inner block probes better than the last",
        "linear, block chosen on validation",
        "linear, last block",
    )
    build.claim("an MLP reads more than a linear probe", "MLP on the frozen encoder", "linear, last block")
    build.claim("fine-tuning beats frozen heads", "fine-tuned, MLP head", "MLP on the frozen encoder")


def _twins(build: Builder) -> None:
    def tune(seed: int) -> str:
        return build.finetune("twin", seed, build.pretrain("base", seed), layer_decay=1.0)

    build.row("fine-tuned", Head.FINETUNE, build.each(tune))
    scratch = build.each(lambda seed: build.supervised("twin", seed, f"base/pretrain/{seed}"))
    build.row("from scratch, same recipe", Head.SUPERVISED, scratch, basis=Basis.RANDOM_INIT)
    build.claim("fine-tuning beats training from scratch", "fine-tuned", "from scratch, same recipe")


def _variants(build: Builder, variants: Mapping[str, Values], base: str, claim: str) -> None:
    """A base pretraining with one thing changed; every variant against `base`."""
    for name, values in variants.items():
        build.row(name, Head.LINEAR, _probed(build, "base" if not values else name, values=values))
    for name in variants:
        if name != base:
            build.claim(claim.format(name), name, base)


def _mask_ratios(build: Builder) -> None:
    ratios = {
        f"mask {ratio:g}": {} if ratio == 0.75 else {"mask_ratio": ratio}
        for ratio in (0.5, 0.65, 0.75, 0.85, 0.9)
    }
    _variants(build, ratios, "mask 0.75", "{} probes better than 0.75")


def _decoders(build: Builder) -> None:
    wide = {"decoder_embed_dim": 128, "decoder_depth": 2, "decoder_num_heads": 2}
    deep = {"decoder_embed_dim": 64, "decoder_depth": 4, "decoder_num_heads": 1}
    _variants(
        build,
        {"same decoder": {}, "wider, 128×2": wide, "deeper, 64×4": deep},
        "same decoder",
        "a {} decoder probes better",
    )


def _sky(build: Builder) -> None:
    sky: dict[str, Values] = {
        "as in the paper, τ = 0": {},
        "τ = 0.1": {"variance_floor": 0.1},
        "raw pixels as target": {"norm_pix_loss": False},
    }
    _variants(build, sky, "as in the paper, τ = 0", "{} probes better than τ = 0")


def _patches(build: Builder) -> None:
    smaller = 4 if build.scale is SuiteScale.LAPTOP else 14
    larger = 16 if build.scale is SuiteScale.LAPTOP else 32
    usual = 8 if build.scale is SuiteScale.LAPTOP else 16
    variants: dict[str, Values] = {f"patches of {usual}": {}} | {
        f"patches of {side}": {"patch_size": side} for side in (smaller, larger)
    }
    _variants(build, variants, f"patches of {usual}", "{} probe better")


def _epochs(build: Builder) -> None:
    usual = PRESETS[f"{build.scale.value}-base"].values["epochs"]
    variants: dict[str, Values] = {f"{usual} epochs": {}}
    variants |= {f"{usual * times} epochs": {"epochs": usual * times} for times in (2, 4)}
    _variants(build, variants, f"{usual} epochs", "{} probe better")


def _labels(build: Builder) -> None:
    for fraction in (0.05, 0.1, 0.25, 0.5, 1.0):
        name = f"{fraction:.0%} of the labels"

        def make(seed: int, fraction: float = fraction, name: str = name) -> str:
            return build.probe(
                name, seed, build.pretrain("base", seed), heads=("linear",), label_fraction=fraction
            )

        slots = build.each(make)
        build.row(name, Head.LINEAR, slots)
        build.row(f"{name}, random init", Head.LINEAR, slots, basis=Basis.RANDOM_INIT)
        build.claim(f"with {name} pretraining helps", name, f"{name}, random init")


def _poolings(build: Builder) -> None:
    for pooling in ("mean", "cls", "both"):

        def make(seed: int, pooling: str = pooling) -> str:
            return build.probe(f"base, {pooling}", seed, build.pretrain("base", seed), pooling=pooling)

        slots = build.each(make)
        build.row(f"{pooling}, linear", Head.LINEAR, slots)
        build.row(f"{pooling}, k-NN", Head.KNN, slots)
    attentive = build.each(
        lambda seed: build.probe("base, attentive", seed, f"base/pretrain/{seed}", heads=("attentive",))
    )
    build.row("attentive pooling", Head.ATTENTIVE, attentive)
    build.claim("the class token probes better than the mean", "cls, linear", "mean, linear")
    build.claim("both together probe better than the mean", "both, linear", "mean, linear")
    build.claim("attention pooling beats a linear probe on the mean", "attentive pooling", "mean, linear")


BUILDERS: dict[str, Callable[[Builder], None]] = {
    "R1": _supervised,
    "R2": _sizes,
    "R3": _augmentations,
    "R4": _reconstructions,
    "R5": _downstream,
    "R6": _twins,
    "F1": _mask_ratios,
    "F2": _decoders,
    "F3": _sky,
    "F4": _patches,
    "F5": _epochs,
    "F6": _labels,
    "F7": _poolings,
}


def plan_suite(key: str, scale: SuiteScale, dataset: str, seeds: int) -> SuitePlan:
    """The plan of a suite. Raises KeyError for an unknown one."""
    builder = Builder(scale, dataset, seeds)
    BUILDERS[key](builder)
    return SuitePlan(
        suite=SUITES[key], scale=scale, dataset=dataset, seeds=seeds,
        slots=list(builder.slots.values()), rows=builder.rows, claims=builder.claims,
    )  # fmt: skip
