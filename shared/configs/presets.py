"""Named starting points of a pretraining (docs/science.md §5)."""

from typing import Any

from shared.base.wire import Wire


class Preset(Wire):
    """Values that replace the defaults of PretrainConfig, except the dataset."""

    key: str
    title: str
    text: str
    values: dict[str, Any]


class Size(Wire):
    """Widths and depths of encoder and decoder; image and patch size stay as they are."""

    key: str
    title: str
    values: dict[str, Any]


def _shape(width: int, depth: int, decoder_width: int, decoder_depth: int) -> dict[str, Any]:
    return {
        "embed_dim": width,
        "depth": depth,
        "num_heads": max(width // 64, 1),
        "decoder_embed_dim": decoder_width,
        "decoder_depth": decoder_depth,
        "decoder_num_heads": max(decoder_width // 64, 1),
    }


SIZES: tuple[Size, ...] = tuple(
    Size(key=key, title=title, values=_shape(*shape))
    for key, title, shape in (
        ("laptop-tiny", "tiny · D96 L4", (96, 4, 64, 1)),
        ("laptop-small", "small · D128 L6", (128, 6, 64, 1)),
        ("laptop-base", "base · D192 L6", (192, 6, 96, 2)),
        ("laptop-large", "large · D256 L8", (256, 8, 128, 2)),
        ("vit-tiny", "ViT-Tiny · D192 L12", (192, 12, 192, 4)),
        ("vit-small", "ViT-Small · D384 L12", (384, 12, 256, 4)),
        ("vit-base", "ViT-Base · D768 L12", (768, 12, 384, 4)),
        ("vit-large", "ViT-Large · D1024 L24", (1024, 24, 512, 4)),
    )
)
"""The sizes of the launch form: four for 64 px on a laptop, the four of the literature for 224 px."""

_SHAPES = {size.key: size.values for size in SIZES}
_AT_64_PX = {"img_size": 64, "patch_size": 8}
_LAPTOP = _AT_64_PX | {
    "epochs": 29,
    "warmup_epochs": 3.0,
    "batch_size": 128,
    "blr": 1.5e-3,
    "eval_every_epochs": 10,
}
_PAPER = {"img_size": 224, "patch_size": 16, "epochs": 200, "warmup_epochs": 20.0, "batch_size": 256}
_PAPER |= {"blr": 1.5e-4, "eval_every_epochs": 5}
_DEMO_60S = {"epochs": 20, "warmup_epochs": 2.0, "batch_size": 32, "blr": 1.6e-2, "eval_every_epochs": 5}
_DEMO_3MIN = {"epochs": 54, "warmup_epochs": 3.0, "batch_size": 32, "blr": 6e-3, "eval_every_epochs": 9}

PRESETS: dict[str, Preset] = {
    key: Preset(key=key, title=title, text=text, values=shape | recipe)
    for key, title, text, shape, recipe in (
        (
            "demo-60s",
            "Demo, one minute",
            "A small ViT on 64-px simulated galaxies; about a minute on two CPU cores.",
            _shape(128, 4, 64, 1),
            _AT_64_PX | _DEMO_60S | {"mask_ratio": 0.6},
        ),
        (
            "demo-3min",
            "Demo, three minutes",
            "The next size up; about three minutes on two CPU cores.",
            _SHAPES["laptop-base"],
            _AT_64_PX | _DEMO_3MIN | {"mask_ratio": 0.6},
        ),
        *(
            (f"laptop-{size}", f"Laptop, {size}", text, _SHAPES[f"laptop-{size}"], _LAPTOP)
            for size, text in (
                ("tiny", "D96 L4, 64 px, patches of 8. Any dataset."),
                ("small", "D128 L6, 64 px, patches of 8. Any dataset."),
                ("base", "D192 L6, 64 px, patches of 8. Any dataset."),
            )
        ),
        *(
            (f"paper-{size}", f"Paper, ViT-{size.title()}/16", text, _SHAPES[f"vit-{size}"], _PAPER)
            for size, text in (
                ("tiny", "224 px, decoder 192×4. For a GPU."),
                ("small", "224 px, decoder 256×4. For a GPU."),
                ("base", "224 px, decoder 384×4. For a GPU."),
            )
        ),
    )
}

SELF_TEST_PRESET = "laptop-base"
"""The model of the self-test."""
