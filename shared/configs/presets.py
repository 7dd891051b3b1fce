"""Named starting points of a pretraining (docs/science.md §5)."""

from typing import Any

from shared.base.wire import Wire


class Preset(Wire):
    """Values that replace the defaults of PretrainConfig; the dataset is the person's."""

    key: str
    title: str
    text: str
    values: dict[str, Any]


def _vit(
    img: int, patch: int, width: int, depth: int, decoder: tuple[int, int], **more: Any
) -> dict[str, Any]:
    return {
        "img_size": img,
        "patch_size": patch,
        "embed_dim": width,
        "depth": depth,
        "num_heads": max(width // 64, 1),
        "decoder_embed_dim": decoder[0],
        "decoder_depth": decoder[1],
        "decoder_num_heads": max(decoder[0] // 64, 1),
        **more,
    }


_LAPTOP = {"epochs": 29, "warmup_epochs": 3.0, "batch_size": 128, "blr": 1.5e-3, "eval_every_epochs": 10}
_PAPER = {"epochs": 200, "warmup_epochs": 20.0, "batch_size": 256, "blr": 1.5e-4, "eval_every_epochs": 5}

PRESETS: dict[str, Preset] = {
    preset.key: preset
    for preset in (
        Preset(
            key="demo-60s",
            title="Demo, one minute",
            text="A small ViT on 64-px simulated galaxies; about a minute on two CPU cores.",
            values=_vit(
                64,
                8,
                128,
                4,
                (64, 1),
                epochs=20,
                warmup_epochs=2.0,
                batch_size=32,
                blr=1.6e-2,
                mask_ratio=0.6,
                eval_every_epochs=5,
            ),
        ),
        Preset(
            key="demo-3min",
            title="Demo, three minutes",
            text="The next size up; about three minutes on two CPU cores.",
            values=_vit(
                64,
                8,
                192,
                6,
                (96, 2),
                epochs=54,
                warmup_epochs=3.0,
                batch_size=32,
                blr=6e-3,
                mask_ratio=0.6,
                eval_every_epochs=9,
            ),
        ),
        Preset(
            key="laptop-tiny",
            title="Laptop, tiny",
            text="D96 L4, 64 px, patches of 8. Any dataset.",
            values=_vit(64, 8, 96, 4, (64, 1), **_LAPTOP),
        ),
        Preset(
            key="laptop-small",
            title="Laptop, small",
            text="D128 L6, 64 px, patches of 8. Any dataset.",
            values=_vit(64, 8, 128, 6, (64, 1), **_LAPTOP),
        ),
        Preset(
            key="laptop-base",
            title="Laptop, base",
            text="D192 L6, 64 px, patches of 8. Any dataset.",
            values=_vit(64, 8, 192, 6, (96, 2), **_LAPTOP),
        ),
        Preset(
            key="paper-tiny",
            title="Paper, ViT-Tiny/16",
            text="224 px, decoder 192×4. For a GPU.",
            values=_vit(224, 16, 192, 12, (192, 4), **_PAPER),
        ),
        Preset(
            key="paper-small",
            title="Paper, ViT-Small/16",
            text="224 px, decoder 256×4. For a GPU.",
            values=_vit(224, 16, 384, 12, (256, 4), **_PAPER),
        ),
        Preset(
            key="paper-base",
            title="Paper, ViT-Base/16",
            text="224 px, decoder 384×4. For a GPU.",
            values=_vit(224, 16, 768, 12, (384, 4), **_PAPER),
        ),
    )
}

SELF_TEST_PRESET = "laptop-base"
"""The model of the self-test."""


class Size(Wire):
    """Widths and depths that go together; image and patch stay as they are."""

    key: str
    title: str
    values: dict[str, Any]


def _size(key: str, title: str, width: int, depth: int, heads: int, decoder: tuple[int, int]) -> Size:
    values = {
        "embed_dim": width,
        "depth": depth,
        "num_heads": heads,
        "decoder_embed_dim": decoder[0],
        "decoder_depth": decoder[1],
        "decoder_num_heads": max(decoder[0] // 64, 1),
    }
    return Size(key=key, title=title, values=values)


SIZES: tuple[Size, ...] = (
    _size("laptop-tiny", "tiny · D96 L4", 96, 4, 1, (64, 1)),
    _size("laptop-small", "small · D128 L6", 128, 6, 2, (64, 1)),
    _size("laptop-base", "base · D192 L6", 192, 6, 3, (96, 2)),
    _size("laptop-large", "large · D256 L8", 256, 8, 4, (128, 2)),
    _size("vit-tiny", "ViT-Tiny · D192 L12", 192, 12, 3, (192, 4)),
    _size("vit-small", "ViT-Small · D384 L12", 384, 12, 6, (256, 4)),
    _size("vit-base", "ViT-Base · D768 L12", 768, 12, 12, (384, 4)),
    _size("vit-large", "ViT-Large · D1024 L24", 1024, 24, 16, (512, 4)),
)
"""The sizes of the launch form: four for 64 px on a laptop, the four of the literature for 224 px."""
