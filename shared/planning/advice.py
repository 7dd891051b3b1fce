"""Warnings about settings that are allowed but probably mistakes."""

from collections.abc import Iterator

from shared.base.vocabulary import Split
from shared.configs import PretrainConfig
from shared.configs.presets import SIZES
from shared.contract.datasets import Dataset
from shared.contract.launching import Advice
from shared.planning.cost import Cost, estimate_cost, training_rows

FEW_STEPS = 200
FEW_PATCHES = 16


def launch_advice(
    config: PretrainConfig, dataset: Dataset, eval_dataset: Dataset | None = None
) -> list[Advice]:
    """Warnings about `config`, most important first."""
    cost, probed_on = estimate_cost(config, dataset), eval_dataset or dataset
    warnings = [*_labels(config, probed_on), *_length(config, cost), *_batch(config, dataset)]
    warnings += _bands(dataset, probed_on)
    warnings += [*_frame(config, dataset), *_decoder(config, cost), *_neighbours(config, probed_on)]
    return [Advice(field=field, sentence=sentence) for field, sentence in warnings]


def _labels(config: PretrainConfig, probed_on: Dataset) -> Iterator[tuple[str, str]]:
    if len(probed_on.class_names) < 2:
        other = "choose an eval_dataset that has" if config.eval_dataset is None else "choose another"
        yield (
            "eval_dataset",
            f"{probed_on.name} has no labels, so there is no probe and no k-NN; {other}.",
        )
        if config.early_stopping_patience:
            yield (
                "early_stopping_patience",
                "Without labels there is no early stopping.",
            )
    elif config.early_stopping_patience and config.online_probe == "off":
        yield (
            "early_stopping_patience",
            "With the linear probe off, early stopping uses k-NN, which is noisier.",
        )


def _bands(dataset: Dataset, probed_on: Dataset) -> Iterator[tuple[str, str]]:
    if probed_on.bands != dataset.bands:
        yield (
            "eval_dataset",
            f"{probed_on.name} has the bands {', '.join(probed_on.bands)} and the model learns "
            f"{', '.join(dataset.bands)}: it is evaluated on other colours.",
        )


def _length(config: PretrainConfig, cost: Cost) -> Iterator[tuple[str, str]]:
    if config.warmup_epochs > config.epochs / 3:
        yield (
            "warmup_epochs",
            f"The warm-up is {config.warmup_epochs / config.epochs:.0%} of the training; "
            f"a tenth is usual: {config.epochs / 10:g} epochs.",
        )
    if cost.steps < FEW_STEPS:
        epochs = -(-FEW_STEPS // cost.steps_per_epoch)
        yield (
            "epochs",
            f"Only {cost.steps} training steps; {epochs} epochs, or a smaller batch, give {FEW_STEPS}.",
        )


def _batch(config: PretrainConfig, dataset: Dataset) -> Iterator[tuple[str, str]]:
    rows = training_rows(config.pretrain_rows, dataset)
    if rows / 4 < config.batch_size <= rows:
        yield (
            "batch_size",
            f"A batch of {config.batch_size} is more than a quarter of the {rows} images to train on: an "
            f"epoch is {rows // config.batch_size} steps and leaves {rows % config.batch_size} images out; "
            f"try {max(rows // 16, 2)}.",
        )


def _frame(config: PretrainConfig, dataset: Dataset) -> Iterator[tuple[str, str]]:
    if config.crop_size is not None and config.crop_size > dataset.img_size:
        yield (
            "crop_size",
            f"The frames are {dataset.img_size} px, so a crop of {config.crop_size} px keeps them whole.",
        )
    side = min(config.crop_size or dataset.img_size, dataset.img_size)
    if config.img_size > side:
        yield (
            "img_size",
            f"The images are enlarged from {side} to {config.img_size} px, which costs more and adds "
            "no detail.",
        )
    if config.num_patches < FEW_PATCHES:
        yield (
            "patch_size",
            f"Only {config.num_patches} patches an image; patch_size {config.img_size // 8} gives 64.",
        )


def _decoder(config: PretrainConfig, cost: Cost) -> Iterator[tuple[str, str]]:
    share = cost.decoder_flops / (cost.encoder_flops + cost.decoder_flops)
    if share > 0.5:
        width, depth = _usual_decoder(config)
        yield (
            "decoder_embed_dim",
            f"The decoder takes {share:.0%} of the compute and is not used after training; width {width} and "
            f"depth {depth} are usual for an encoder of width {config.embed_dim}.",
        )


def _usual_decoder(config: PretrainConfig) -> tuple[int, int]:
    """Width and depth of the decoder in the nearest of SIZES."""

    def distance(values: dict[str, int]) -> tuple[int, int]:
        return abs(values["embed_dim"] - config.embed_dim), abs(values["depth"] - config.depth)

    nearest = min((size.values for size in SIZES), key=distance)
    return nearest["decoder_embed_dim"], nearest["decoder_depth"]


def _neighbours(config: PretrainConfig, probed_on: Dataset) -> Iterator[tuple[str, str]]:
    rows = probed_on.split_counts.get(Split.TRAIN, 0)
    if len(probed_on.class_names) >= 2 and config.knn_k > rows:
        yield (
            "knn_k",
            f"knn_k {config.knn_k} is more than the {rows} rows that vote, so all of them will; "
            f"try {max(rows // 20, 1)}.",
        )
