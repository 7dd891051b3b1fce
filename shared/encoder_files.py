"""The encoder of a run as a file for others, and how timm loads it."""

METADATA = "galaxyscope"
"""Key of the header under which the facts stand as JSON."""

_TIMM = '''\
import json

import torch
from safetensors import safe_open
from timm.models.vision_transformer import VisionTransformer

with safe_open("{file}", framework="pt") as file:
    facts = json.loads(file.metadata()["galaxyscope"])
    weights = {{name: file.get_tensor(name) for name in file.keys()}}

encoder = VisionTransformer(**facts["timm"]).eval()
encoder.load_state_dict(weights, strict=True)


@torch.inference_mode()
def features(images):
    """Images (N, C, H, W) from 0 to 1 of the encoder's size → class token, mean of patches: (N, D) each."""
    mean, std = (torch.tensor(facts[key]).view(1, -1, 1, 1) for key in ("mean", "std"))
    tokens = encoder.forward_features((images - mean) / std)
    return tokens[:, 0], tokens[:, 1:].mean(dim=1)
'''


def encoder_name(run_id: str) -> str:
    """What the file is called; its header has the step."""
    return f"{run_id}.encoder.safetensors"


def timm_example(file: str) -> str:
    """Python that loads an exported encoder into timm and gives its features."""
    return _TIMM.format(file=file)
