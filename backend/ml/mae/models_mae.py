"""Masked autoencoder with a Vision Transformer (He et al. 2022, arXiv:2111.06377).

Parameter names and shapes are those of facebookresearch/mae, so state dicts load strictly both ways. The
arithmetic differs, the results do not: patches are gathered before they are embedded, the decoder does not
unshuffle them (attention is permutation-equivariant), and the head reads removed patches only.

Shapes: N batch, C channels, H W pixels, L patches, K of them visible, D width, P = patch_size² · C values.
"""

from typing import Literal

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional

from backend.ml.mae.patches import gather_patches, patchify, random_masking, sincos_2d

Pooling = Literal["cls", "mean", "both"]


class PatchEmbed(nn.Module):
    """Patches (N, M, P) → tokens (N, M, D): a Linear, its weight stored as (D, C, p, p)."""

    def __init__(self, patch_size: int, in_chans: int, embed_dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size)
        nn.init.xavier_uniform_(self.proj.weight.view(embed_dim, -1))
        if self.proj.bias is not None:
            nn.init.zeros_(self.proj.bias)

    def forward(self, patches: Tensor) -> Tensor:
        weight = self.proj.weight.permute(0, 2, 3, 1).flatten(1)  # (D, P), P by (row, column, channel)
        return functional.linear(patches, weight, self.proj.bias)


def transformer_blocks(width: int, depth: int, num_heads: int, mlp_ratio: float) -> nn.ModuleList:
    """Pre-norm blocks with qkv bias, exact GELU and LayerNorm eps 1e-6 (timm's default)."""
    return nn.ModuleList(Block(width, num_heads, mlp_ratio, qkv_bias=True) for _ in range(depth))


def pool(tokens: Tensor, pooling: Pooling) -> Tensor:
    """(N, 1 + L, D) → (N, D): the class token, or the mean of the patches; both side by side is (N, 2D)."""
    cls_token, mean = tokens[:, 0], tokens[:, 1:].mean(dim=1)
    match pooling:
        case "cls":
            return cls_token
        case "mean":
            return mean
        case "both":
            return torch.cat([cls_token, mean], dim=1)


class MaskedAutoencoderViT(nn.Module):
    """An encoder of the visible patches, and a small decoder that predicts the removed ones."""

    pos_embed: Tensor
    decoder_pos_embed: Tensor

    def __init__(
        self,
        img_size: int = 224,
        patch_size: int = 16,
        in_chans: int = 3,
        embed_dim: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        decoder_embed_dim: int = 512,
        decoder_depth: int = 8,
        decoder_num_heads: int = 16,
        mlp_ratio: float = 4.0,
        norm_pix_loss: bool = True,
        variance_floor: float = 0.0,
    ) -> None:
        super().__init__()
        if img_size % patch_size:
            raise ValueError(f"patch_size {patch_size} does not divide img_size {img_size}: choose another")
        self.img_size, self.patch_size, self.in_chans = img_size, patch_size, in_chans
        self.embed_dim, self.norm_pix_loss, self.variance_floor = embed_dim, norm_pix_loss, variance_floor
        grid = img_size // patch_size
        self.num_patches = grid * grid

        self.patch_embed = PatchEmbed(patch_size, in_chans, embed_dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.register_buffer("pos_embed", sincos_2d(embed_dim, grid, grid))
        self.blocks = transformer_blocks(embed_dim, depth, num_heads, mlp_ratio)
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)

        self.decoder_embed = nn.Linear(embed_dim, decoder_embed_dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, decoder_embed_dim))
        self.register_buffer("decoder_pos_embed", sincos_2d(decoder_embed_dim, grid, grid))
        decoder = decoder_embed_dim, decoder_depth, decoder_num_heads, mlp_ratio
        self.decoder_blocks = transformer_blocks(*decoder)
        self.decoder_norm = nn.LayerNorm(decoder_embed_dim, eps=1e-6)
        self.decoder_pred = nn.Linear(decoder_embed_dim, patch_size * patch_size * in_chans)
        self._initialize_weights()

    def _initialize_weights(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.cls_token, std=0.02)
        nn.init.normal_(self.mask_token, std=0.02)

    def drop_decoder(self) -> None:
        """Remove the decoder: the encoder still computes features, but nothing is reconstructed."""
        del self.decoder_embed, self.mask_token, self.decoder_pos_embed
        del self.decoder_blocks, self.decoder_norm, self.decoder_pred

    @property
    def has_decoder(self) -> bool:
        return "decoder_embed" in self._modules

    def _with_cls_token(self, tokens: Tensor) -> Tensor:
        cls_token = self.cls_token + self.pos_embed[:, :1]
        return torch.cat([cls_token.expand(tokens.shape[0], -1, -1), tokens], dim=1)

    def forward_encoder(
        self, patches: Tensor, mask_ratio: float, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Latent (N, 1 + K, D) of the visible of `patches` (N, L, P); mask, ids_keep and ids_remove as in
        `random_masking`."""
        visible, mask, ids_keep, ids_remove = random_masking(patches, mask_ratio, noise)  # (N, K, P)
        x = self.patch_embed(visible) + self.pos_embed[0, 1:][ids_keep]  # (N, K, D)
        x = self._with_cls_token(x)
        for block in self.blocks:
            x = block(x)
        return self.norm(x), mask, ids_keep, ids_remove

    def decode_tokens(self, latent: Tensor, ids_keep: Tensor, ids_remove: Tensor) -> Tensor:
        """Normed decoder tokens (N, 1 + L, D_d) in the order class, visible, removed."""
        position = self.decoder_pos_embed[0, 1:]
        x = self.decoder_embed(latent)
        cls_token = x[:, :1] + self.decoder_pos_embed[:, :1]
        visible = x[:, 1:] + position[ids_keep]
        removed = self.mask_token + position[ids_remove]
        x = torch.cat([cls_token, visible, removed.to(visible.dtype)], dim=1)
        for block in self.decoder_blocks:
            x = block(x)
        normed: Tensor = self.decoder_norm(x)
        return normed

    def forward_decoder(self, latent: Tensor, ids_keep: Tensor, ids_remove: Tensor) -> Tensor:
        """Predictions (N, L − K, P) of the removed patches, in the order of ids_remove."""
        tokens = self.decode_tokens(latent, ids_keep, ids_remove)
        pred: Tensor = self.decoder_pred(tokens[:, latent.shape[1] :])
        return pred

    def forward_target(self, patches: Tensor) -> Tensor:
        """The target of the head, float32 in the shape of `patches` (…, P): (x − mean)/√(var + 1e-6 + τ²)
        of each patch with norm_pix_loss, else the pixels."""
        patches = patches.float()
        if not self.norm_pix_loss:
            return patches
        mean = patches.mean(dim=-1, keepdim=True)
        variance = patches.var(dim=-1, keepdim=True)
        return (patches - mean) / (variance + 1e-6 + self.variance_floor**2).sqrt()

    def forward_loss(self, patches: Tensor, pred: Tensor, ids_remove: Tensor) -> Tensor:
        """Mean squared error (N, L − K) of each removed patch, float32."""
        target = self.forward_target(gather_patches(patches, ids_remove))
        return (pred.float() - target).square().mean(dim=-1)

    def patch_losses(
        self, imgs: Tensor, mask_ratio: float, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Losses (N, L − K) and predictions (N, L − K, P) of the removed patches, mask (N, L), ids_remove."""
        patches = patchify(imgs.float(), self.patch_size)  # (N, L, P)
        latent, mask, ids_keep, ids_remove = self.forward_encoder(patches, mask_ratio, noise)
        pred = self.forward_decoder(latent, ids_keep, ids_remove)
        with torch.autocast(imgs.device.type, enabled=False):
            losses = self.forward_loss(patches, pred, ids_remove)
        return losses, pred, mask, ids_remove

    def forward(
        self, imgs: Tensor, mask_ratio: float = 0.75, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, pred (N, L − K, P) and mask (N, L; 0 keep, 1 remove) of standardised imgs (N, C, H, W). pred
        is of the removed patches only, by ascending index, `mask[n].nonzero()`; `predict` gives all L."""
        losses, pred, mask, _ = self.patch_losses(imgs, mask_ratio, noise)
        return losses.mean(), pred, mask

    def predict(
        self, imgs: Tensor, mask_ratio: float = 0.75, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Predictions (N, L, P) of every patch, visible ones too, in image order, and mask (N, L)."""
        patches = patchify(imgs.float(), self.patch_size)
        latent, mask, ids_keep, ids_remove = self.forward_encoder(patches, mask_ratio, noise)
        pred = self.decoder_pred(self.decode_tokens(latent, ids_keep, ids_remove)[:, 1:])  # (N, L, P)
        order = torch.cat([ids_keep, ids_remove], dim=1).argsort(dim=1)
        return gather_patches(pred, order), mask

    def embed(self, imgs: Tensor) -> Tensor:
        """Tokens (N, 1 + L, D) that enter the first block, of all patches; nothing is masked. At other
        resolutions than img_size the position embeddings are recomputed."""
        height, width = imgs.shape[-2] // self.patch_size, imgs.shape[-1] // self.patch_size
        pos_embed = self.pos_embed
        if (height, width) != (self.img_size // self.patch_size,) * 2:
            pos_embed = sincos_2d(self.embed_dim, height, width).to(pos_embed)
        x = self.patch_embed(patchify(imgs.float(), self.patch_size)) + pos_embed[:, 1:]
        return self._with_cls_token(x)

    def forward_features(self, imgs: Tensor, depth: int | None = None) -> Tensor:
        """Tokens (N, 1 + L, D) of all patches after block `depth` (default: all blocks) and the final norm;
        nothing is masked, and the resolution is free, as in `embed`."""
        x = self.embed(imgs)
        for block in self.blocks[:depth]:
            x = block(x)
        tokens: Tensor = self.norm(x)
        return tokens
