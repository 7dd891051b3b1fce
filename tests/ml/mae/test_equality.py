"""Our MAE against transformers.ViTMAEForPreTraining, in float32, from the same weights and noise.

A fresh ViTMAE starts with positions and tokens at zero, and at the usual 0.02 many a bug is too small to
see: all weights are drawn wide, positions and tokens included.
"""

import pytest
import torch
from torch import Tensor, nn
from transformers import ViTMAEConfig, ViTMAEForPreTraining

from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.pretraining.pretrain import BETAS, parameter_groups

SIDE, PATCH, WIDTH, DEPTH, HEADS = 32, 8, 48, 3, 4
DECODER_WIDTH, DECODER_DEPTH, DECODER_HEADS = 32, 2, 2
RATIO = 0.75


def reference_model(norm_pix_loss: bool, channels: int) -> ViTMAEForPreTraining:
    return ViTMAEForPreTraining(
        ViTMAEConfig(
            hidden_size=WIDTH,
            num_hidden_layers=DEPTH,
            num_attention_heads=HEADS,
            intermediate_size=4 * WIDTH,
            layer_norm_eps=1e-6,
            image_size=SIDE,
            patch_size=PATCH,
            num_channels=channels,
            decoder_num_attention_heads=DECODER_HEADS,
            decoder_hidden_size=DECODER_WIDTH,
            decoder_num_hidden_layers=DECODER_DEPTH,
            decoder_intermediate_size=4 * DECODER_WIDTH,
            mask_ratio=RATIO,
            norm_pix_loss=norm_pix_loss,
            attention_probs_dropout_prob=0.0,
            hidden_dropout_prob=0.0,
        )
    )


def our_model(norm_pix_loss: bool, channels: int) -> MaskedAutoencoderViT:
    return MaskedAutoencoderViT(
        SIDE, PATCH, channels, WIDTH, DEPTH, HEADS, DECODER_WIDTH, DECODER_DEPTH, DECODER_HEADS,
        norm_pix_loss=norm_pix_loss,
    )  # fmt: skip


@torch.no_grad()
def randomise(model: nn.Module) -> None:
    for name, value in model.state_dict().items():
        if "pos_embed" in name or "token" in name:
            value.normal_(std=0.5)
        elif "norm" in name and name.endswith("weight"):
            value.uniform_(0.9, 1.1)
        elif name.endswith("bias"):
            value.normal_(std=0.1)
        else:
            value.normal_(std=1.5 / value[0].numel() ** 0.5)


def block_names(ours: str, theirs: str, depth: int) -> dict[str, str]:
    parts = {
        "norm1": "layernorm_before",
        "attn.proj": "attention.o_proj",
        "norm2": "layernorm_after",
        "mlp.fc1": "mlp.fc1",
        "mlp.fc2": "mlp.fc2",
    }
    return {
        f"{ours}.{i}.{a}.{kind}": f"{theirs}.{i}.{b}.{kind}"
        for i in range(depth)
        for a, b in parts.items()
        for kind in ("weight", "bias")
    }


NAMES = {
    "cls_token": "vit.embeddings.cls_token",
    "pos_embed": "vit.embeddings.position_embeddings",
    "patch_embed.proj.weight": "vit.embeddings.patch_embeddings.projection.weight",
    "patch_embed.proj.bias": "vit.embeddings.patch_embeddings.projection.bias",
    "norm.weight": "vit.layernorm.weight",
    "norm.bias": "vit.layernorm.bias",
    "mask_token": "decoder.mask_token",
    "decoder_pos_embed": "decoder.decoder_pos_embed",
    **{
        f"{ours}.{kind}": f"decoder.{ours}.{kind}"
        for ours in ("decoder_embed", "decoder_norm", "decoder_pred")
        for kind in ("weight", "bias")
    },
    **block_names("blocks", "vit.layers", DEPTH),
    **block_names("decoder_blocks", "decoder.decoder_layers", DECODER_DEPTH),
}
QKV = {
    **{f"blocks.{i}.attn.qkv": f"vit.layers.{i}.attention" for i in range(DEPTH)},
    **{f"decoder_blocks.{i}.attn.qkv": f"decoder.decoder_layers.{i}.attention" for i in range(DECODER_DEPTH)},
}


def to_reference(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    theirs = {NAMES[name]: value for name, value in ours.items() if name in NAMES}
    for name, attention in QKV.items():
        for kind in ("weight", "bias"):
            for part, value in zip("qkv", ours[f"{name}.{kind}"].chunk(3), strict=True):
                theirs[f"{attention}.{part}_proj.{kind}"] = value
    return theirs


def pair(norm_pix_loss: bool = True, channels: int = 3) -> tuple[MaskedAutoencoderViT, ViTMAEForPreTraining]:
    ours, theirs = our_model(norm_pix_loss, channels), reference_model(norm_pix_loss, channels)
    randomise(ours)
    theirs.load_state_dict(to_reference(ours.state_dict()), strict=True)
    return ours, theirs


def relative(a: Tensor, b: Tensor) -> float:
    return float((a - b).detach().norm() / b.detach().norm())


@pytest.mark.parametrize(("norm_pix_loss", "channels"), [(True, 3), (False, 3), (True, 1), (True, 5)])
def test_masks_predictions_and_loss_are_those_of_the_reference(norm_pix_loss: bool, channels: int) -> None:
    ours, theirs = pair(norm_pix_loss, channels)
    imgs, noise = torch.randn(6, channels, SIDE, SIDE), torch.rand(6, (SIDE // PATCH) ** 2)
    loss, pred, mask = ours(imgs, RATIO, noise)
    expected = theirs(imgs, noise=noise)
    assert torch.equal(mask, expected.mask)
    assert relative(pred.flatten(0, 1), expected.logits[mask.bool()]) < 1e-5
    assert relative(loss, expected.loss) < 1e-5
    full, _ = ours.predict(imgs, RATIO, noise)
    assert relative(full, expected.logits) < 1e-5


def test_gradients_are_those_of_the_reference() -> None:
    ours, theirs = pair()
    imgs, noise = torch.randn(6, 3, SIDE, SIDE), torch.rand(6, (SIDE // PATCH) ** 2)
    ours(imgs, RATIO, noise)[0].backward()
    theirs(imgs, noise=noise).loss.backward()
    gradients = to_reference({name: p.grad for name, p in ours.named_parameters() if p.grad is not None})
    expected = {name: p.grad for name, p in theirs.named_parameters() if p.grad is not None}
    assert set(gradients) == set(expected)
    for name, gradient in gradients.items():
        # The gradient of a key's bias is zero by the softmax: only rounding is left to compare.
        if not name.endswith("k_proj.bias"):
            assert relative(gradient, expected[name]) < 1e-4, name


def test_twenty_adamw_steps_end_where_the_reference_ends() -> None:
    ours, theirs = pair()
    imgs = torch.randn(6, 3, SIDE, SIDE)
    named = {NAMES.get(name, name): name for name, _ in ours.named_parameters()}
    reference_named = [(named.get(name, name), p) for name, p in theirs.named_parameters() if p.requires_grad]
    optimizers = [
        torch.optim.AdamW(parameter_groups(parameters, 0.05), lr=1e-3, betas=BETAS)
        for parameters in (list(ours.named_parameters()), reference_named)
    ]
    for _ in range(20):
        noise = torch.rand(6, (SIDE // PATCH) ** 2)
        losses = ours(imgs, RATIO, noise)[0], theirs(imgs, noise=noise).loss
        assert relative(losses[0], losses[1]) < 1e-5
        for loss, optimizer in zip(losses, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
