"""A linear probe trained by SGD alongside the encoder, on the latents of the training batches.

Its accuracy depends on its own training as well as the encoder's: at step 0 it is at chance, and in a short
run it stays below a probe fitted to frozen features (EFIGI, laptop-tiny, 12 epochs, one seed: 49.1 % against
53.8 % by L-BFGS).

It reads the pooled latent of the visible patches, detached, standardised by BatchNorm without affine; SGD has
momentum 0.9, no weight decay, and the rate 0.1 · batch / 256 on the schedule of the run. It is evaluated on
features of whole images with the running mean and variance of masked ones, which differed by a twelfth of a
standard deviation there.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn, optim
from torch.nn import functional

from backend.ml.mae.models_mae import MaskedAutoencoderViT, pool
from backend.ml.probing.probe import accuracy, balanced_accuracy, can_be_probed
from backend.ml.runtime.contracts import Labels, PretrainData
from shared.configs import PretrainConfig

BASE_LR, MOMENTUM = 0.1, 0.9


class OnlineProbe:
    """Call `learn` after each training step of `model`; it does not change the model or draw random numbers.
    `labels` (N,) are of the training images, −1 for none."""

    def __init__(
        self, model: MaskedAutoencoderViT, labels: Labels, n_classes: int, config: PretrainConfig
    ) -> None:
        self.device, self.pooling = model.cls_token.device, config.pooling
        self.labels = torch.from_numpy(labels.astype(np.int64)).to(self.device)
        self.lr = BASE_LR * config.batch_size / 256
        linear = nn.Linear(model.embed_dim, n_classes, device="meta").to_empty(device=self.device)
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
        self.standardise = nn.BatchNorm1d(model.embed_dim, affine=False, device=self.device)
        self.head = nn.Sequential(self.standardise, linear)
        self.optimizer = optim.SGD(self.head.parameters(), lr=self.lr, momentum=MOMENTUM)
        self._latent: Tensor | None = None
        model.norm.register_forward_hook(self._keep)

    @classmethod
    def beside(
        cls, model: MaskedAutoencoderViT, data: PretrainData, config: PretrainConfig
    ) -> "OnlineProbe | None":
        """None if the config selects another probe, or there are too few labels."""
        if config.online_probe != "sgd" or data.labels is None:
            return None
        if not can_be_probed(data.labels, data.probe.val_labels):
            return None
        return cls(model, data.labels, len(data.probe.class_names), config)

    def _keep(self, module: nn.Module, _inputs: tuple[Tensor, ...], latent: Tensor) -> None:
        if module.training and torch.is_grad_enabled():
            self._latent = latent.detach()  # (N, 1 + K, D)

    def learn(self, rows: Tensor, share: float) -> None:
        """One step on the latent of the last training step, of the images `rows` (N,), at `share` of the peak
        rate. Rows without a label give no gradient; all of them standardise."""
        if self._latent is None:
            raise RuntimeError("the online probe learns after a training step; take one first")
        features, labels = pool(self._latent.float(), self.pooling), self.labels[rows]
        self._latent = None
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * share
        self.head.train()
        loss = functional.cross_entropy(self.head(features), labels, ignore_index=-1, reduction="sum")
        # Not the mean, which is NaN without labels.
        loss = loss / (labels >= 0).sum().clamp(min=1)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()

    @property
    def untrained(self) -> bool:
        """Whether it has not learned yet."""
        return int(self.standardise.num_batches_tracked or 0) == 0

    @torch.inference_mode()
    def figures(self, features: Tensor, labels: Labels) -> dict[str, float]:
        """Accuracies on frozen features (M, D) of unmasked images labelled `labels` (M,)."""
        predicted = self.head.eval()(features.to(self.device)).argmax(dim=1).cpu().numpy()
        return {
            "val/linear_accuracy": accuracy(labels, predicted),
            "val/linear_balanced_accuracy": balanced_accuracy(labels, predicted),
        }

    def state_dict(self) -> dict[str, Any]:
        return {"head": self.head.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        self.head.load_state_dict(state["head"])
        self.optimizer.load_state_dict(state["optimizer"])
