"""The model that foreign weights belong to: facebookresearch/mae, whole or encoder only, or timm.

Shapes: C channels, D width, L patches, p side of a patch.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isqrt, nextafter

import torch
from pydantic import ValidationError
from torch import Tensor

from backend.ml.checkpoints.foreign_weights import refused
from backend.ml.checkpoints.store import model_from_config
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.mae.patches import sincos_2d
from shared.configs import ImportModelConfig, ModelConfig, nearest_divisor
from shared.configs.models import MAX_BANDS

Weights = Mapping[str, Tensor]
UNSUPPORTED = (
    (r"\.ls[12]\.gamma$|\.gamma_[12]$", "LayerScale"),
    (r"^reg(ister)?_tokens?$", "register tokens"),
    (r"^dist_token$", "a distillation token"),
    (r"\.attn\.[qk]_norm\.", "norms of queries and keys"),
    (r"^norm_pre\.", "a norm before its blocks"),
    (r"relative_position", "relative positions"),
)
REQUIRED = (
    ("patch_embed.proj.weight", "patch embedding of that name"),
    ("cls_token", "class token"),
    ("pos_embed", "position embedding"),
    ("blocks.0.attn.qkv.weight", "block of that name"),
    ("blocks.0.attn.qkv.bias", "bias of queries, keys and values"),
    ("norm.weight", "final norm"),
)
SUITABLE = "import an MAE of facebookresearch/mae, or a plain timm ViT such as vit_base_patch16_224"
DROPPED = re.compile(r"^(head|fc_norm|pre_logits)\.")
HEAD_WIDTH = 64
USUAL_HEADS = {1280: 16, 1408: 16, 1664: 16}
"""Of the widths of ViT-H, g and G, whose heads are wider."""
USUAL_DECODER_HEADS = {512: 16}
"""Of every decoder of facebookresearch/mae."""


@dataclass(frozen=True)
class ForeignModel:
    """A model with foreign weights, their `origin`, and `notes` on what was assumed or left out."""

    model: MaskedAutoencoderViT
    config: ModelConfig
    origin: str
    notes: list[str]

    @property
    def summary(self) -> str:
        """Such as "ViT D768 L12 p16 at 224 px, 3 bands, encoder and decoder"."""
        sizes = f"D{self.config.embed_dim} L{self.config.depth} p{self.config.patch_size}"
        bands = "1 band" if self.model.in_chans == 1 else f"{self.model.in_chans} bands"
        parts = "encoder and decoder" if self.model.has_decoder else "encoder only"
        return f"ViT {sizes} at {self.config.img_size} px, {bands}, {parts}"


def rebuild(weights: Weights, options: ImportModelConfig, file: str) -> ForeignModel:
    """The model of the weights of `file`, with them loaded. Raises InvalidInputError, naming the key, for a
    model whose forward pass this one cannot reproduce."""
    _refuse_unsupported(weights, file)
    whole = any(name.startswith("decoder_") for name in weights)
    kept = {name: value for name, value in weights.items() if not DROPPED.match(name)}
    if not whole:
        kept.pop("mask_token", None)
    config = _config(kept, options, file, whole)
    model = model_from_config(config, kept["patch_embed.proj.weight"].shape[1])
    if not whole:
        model.drop_decoder()
    _require_fit(model.state_dict(), kept, file)
    model.load_state_dict(kept)
    notes = _notes(options, config, whole, sorted(weights.keys() - kept.keys()))
    return ForeignModel(model, config, _origin(kept, config, whole), notes)


def _refuse_unsupported(weights: Weights, file: str) -> None:
    for pattern, what in UNSUPPORTED:
        found = next((name for name in weights if re.search(pattern, name)), None)
        if found is not None:
            raise refused(file, f"contains {what} ({found}), which this encoder does not support; {SUITABLE}")
    for name, what in REQUIRED:
        if name not in weights:
            raise refused(file, f"has no {what} ({name}), which this encoder needs; {SUITABLE}")


def _config(weights: Weights, options: ImportModelConfig, file: str, whole: bool) -> ModelConfig:
    """The config: from the shapes, else from `options`, else usual values."""
    width, channels, patch_size = _patch_embedding(weights, file)
    values = {
        "img_size": _grid(weights, file) * patch_size,
        "patch_size": patch_size,
        "crop_size": options.crop_size,
        "embed_dim": width,
        "depth": _count_blocks(weights, "blocks"),
        "num_heads": options.num_heads or usual_heads(width, USUAL_HEADS),
        "mlp_ratio": _mlp_ratio(weights, width, file),
        "norm_pix_loss": options.norm_pix_loss,
    }
    if whole:
        narrow = _shape(weights, "decoder_embed.weight", 2, file)[0]
        values |= {
            "decoder_embed_dim": narrow,
            "decoder_depth": _count_blocks(weights, "decoder_blocks"),
            "decoder_num_heads": options.decoder_num_heads or usual_heads(narrow, USUAL_DECODER_HEADS),
        }
    if channels > MAX_BANDS:
        raise refused(file, f"reads {channels} bands (patch_embed.proj.weight), not 1 to {MAX_BANDS}")
    try:
        return ModelConfig.model_validate(values)
    except ValidationError as error:
        raise refused(file, f"belongs to a model that cannot be built: {_fault(error)}; {SUITABLE}") from None


def _fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    cause = fault.get("ctx", {}).get("error")
    field = ".".join(map(str, fault["loc"]))
    return str(cause) if cause else f"{field} {fault['input']}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def _patch_embedding(weights: Weights, file: str) -> tuple[int, int, int]:
    """D, C and p."""
    width, channels, height, side = _shape(weights, "patch_embed.proj.weight", 4, file)
    if height != side:
        raise refused(file, f"has patches of {height} × {side} (patch_embed.proj.weight); {SUITABLE}")
    return width, channels, side


def _grid(weights: Weights, file: str) -> int:
    """Patches along a side."""
    length = _shape(weights, "pos_embed", 3, file)[1] - 1
    if length < 1 or isqrt(length) ** 2 != length:
        raise refused(file, f"has {length} patches (pos_embed), not a square grid; {SUITABLE}")
    return isqrt(length)


def _count_blocks(weights: Weights, name: str) -> int:
    found = (re.match(rf"{name}\.(\d{{1,4}})\.", key) for key in weights)
    return 1 + max((int(match[1]) for match in found if match), default=-1)


def _mlp_ratio(weights: Weights, width: int, file: str) -> float:
    """The ratio that, times the width and rounded down, gives the width of the MLP."""
    hidden = _shape(weights, "blocks.0.mlp.fc1.weight", 2, file)[0]
    ratio = hidden / width
    return ratio if int(width * ratio) == hidden else nextafter(ratio, 9.0)


def usual_heads(width: int, known: Mapping[int, int]) -> int:
    """The heads of published models of a width, else of 64 each, or the nearest divisor."""
    return known.get(width) or nearest_divisor(width, max(width // HEAD_WIDTH, 1))


def _shape(weights: Weights, name: str, dimensions: int, file: str) -> tuple[int, ...]:
    if name not in weights:
        raise refused(file, f"has no {name}, which this model needs; {SUITABLE}")
    shape = tuple(weights[name].shape)
    if len(shape) != dimensions or 0 in shape:
        raise refused(file, f"has {name} of shape {shape}, not of {dimensions} dimensions; {SUITABLE}")
    return shape


def _require_fit(expected: Weights, weights: Weights, file: str) -> None:
    for name in sorted(expected.keys() - weights.keys()):
        raise refused(file, f"has no {name}, which this model needs; {SUITABLE}")
    for name in sorted(weights.keys() - expected.keys()):
        raise refused(file, f"contains {name}, which this model does not support; {SUITABLE}")
    for name, value in weights.items():
        found, fits = tuple(value.shape), tuple(expected[name].shape)
        if found != fits:
            raise refused(file, f"has {name} of shape {found}, not {fits} like its other weights; {SUITABLE}")


def _origin(weights: Weights, config: ModelConfig, whole: bool) -> str:
    if whole:
        return "facebookresearch/mae"
    grid = config.img_size // config.patch_size
    fixed = torch.allclose(weights["pos_embed"], sincos_2d(config.embed_dim, grid, grid), atol=1e-4)
    return "facebookresearch/mae, encoder only" if fixed else "timm ViT"


def _notes(options: ImportModelConfig, config: ModelConfig, whole: bool, dropped: list[str]) -> list[str]:
    notes = list(_heads_notes(options, config, whole))
    if whole:
        predicts = "normalised patches" if config.norm_pix_loss else "plain pixels"
        option = "--no-norm-pix-loss" if config.norm_pix_loss else "--norm-pix-loss"
        notes.append(f"its decoder is assumed to predict {predicts} ({option} for the other)")
    if dropped:
        notes.append(f"left out: {', '.join(dropped)}")
    return notes


def _heads_notes(options: ImportModelConfig, config: ModelConfig, whole: bool) -> Iterator[str]:
    """The number of heads does not show in the shapes of the weights, so a wrong one raises no error."""
    if options.num_heads is None:
        yield f"{_heads(config.num_heads, config.embed_dim)} assumed in the encoder (--num-heads for others)"
    if whole and options.decoder_num_heads is None:
        heads = _heads(config.decoder_num_heads, config.decoder_embed_dim)
        yield f"{heads} assumed in the decoder (--decoder-num-heads for others)"


def _heads(count: int, width: int) -> str:
    return f"{count} head{'s' if count > 1 else ''} of width {width // count}"
