"""An encoder with a head on its pooled tokens, trained together on labels."""

from dataclasses import dataclass
from typing import Any

import torch
from timm.layers.drop import DropPath
from timm.optim import param_groups_layer_decay  # type: ignore[attr-defined]
from torch import Tensor, nn, optim

from backend.ml.mae.models_mae import MaskedAutoencoderViT, Pooling, pool
from backend.ml.pretraining.streams import stream
from shared.configs import ClassifierConfig, ModelConfig

BETAS = (0.9, 0.999)
HEAD_STD = 2e-5
"""Of the last layer's first weights, as in He et al. 2022: every class begins equally probable."""


class Classifier(nn.Module):
    """Standardised imgs (N, C, H, W) → logits (N, K)."""

    def __init__(self, encoder: MaskedAutoencoderViT, head: nn.Module, pooling: Pooling) -> None:
        super().__init__()
        self.encoder, self.head, self.pooling = encoder, head, pooling

    def forward(self, imgs: Tensor) -> Tensor:
        tokens = self.encoder.forward_features(imgs)  # (N, 1 + L, D)
        logits: Tensor = self.head(pool(tokens, self.pooling))
        return logits

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:  # noqa: ARG002 timm names it
        """How timm numbers the layers: embedding, blocks (the norm with the last), head."""
        blocks = [(r"^encoder\.blocks\.(\d+)", None), (r"^encoder\.norm", (99999,))]
        return {"stem": r"^encoder\.(?:cls_token|patch_embed)", "blocks": blocks}


@dataclass(frozen=True)
class Beginning:
    """The starting point of a classifier: an encoder without decoder, and the config that rebuilds it."""

    encoder: MaskedAutoencoderViT
    architecture: ModelConfig


def build_classifier(begin: Beginning, n_classes: int, config: ClassifierConfig) -> Classifier:
    """The encoder with a fresh head, whose weights depend on config.seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream(config.seed, "head"))
        head = build_head(begin.architecture.embed_dim, n_classes, config)
    begin.encoder.requires_grad_(True)
    set_drop_path(begin.encoder, config.drop_path)
    return Classifier(begin.encoder, head, config.pooling)


def build_head(width: int, n_classes: int, config: ClassifierConfig) -> nn.Module:
    """A Linear, or one hidden layer before it, on features (N, `width`)."""
    last = nn.Linear(config.mlp_width if config.head == "mlp" else width, n_classes)
    nn.init.trunc_normal_(last.weight, std=HEAD_STD)
    nn.init.zeros_(last.bias)
    if config.head == "linear":
        return last
    return nn.Sequential(nn.Linear(width, config.mlp_width), nn.GELU(), last)


def set_drop_path(encoder: MaskedAutoencoderViT, rate: float) -> None:
    """Drop residual branches at random in training: at rate 0 in the first block, `rate` in the last."""
    for block, share in zip(encoder.blocks, torch.linspace(0, rate, len(encoder.blocks)), strict=True):
        block.drop_path1, block.drop_path2 = DropPath(float(share)), DropPath(float(share))


def classifier_optimizer(model: Classifier, config: ClassifierConfig, layer_decay: float) -> optim.AdamW:
    """Fused AdamW; its groups carry lr_scale, layer_decay^(layers above). Vectors and tokens do not decay."""
    groups = param_groups_layer_decay(
        model, config.weight_decay, no_weight_decay_list=("encoder.cls_token",), layer_decay=layer_decay
    )
    return optim.AdamW(groups, lr=config.lr, betas=BETAS, fused=True)
