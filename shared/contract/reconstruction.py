"""What a person asks of a masked reconstruction, and what they get.

A mask hides patches of the model's input, (H/p)² of them, row by row. It is drawn from one noise: the patches
of least noise stay, so that with everything else fixed patches only ever vanish as the ratio grows.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from shared.base.wire import Wire

MaskKind = Literal["uniform", "block", "core", "ring", "half", "grid"]
PixelMode = Literal["interpolated", "true", "normalised"]
LADDER = tuple(step / 20 for step in range(1, 20))
"""The 19 ratios of a sprite: 0.05 to 0.95."""
AnimationFormat = Literal["gif", "webp"]
CHECKPOINT = r"^(last|best|\d{1,12})$"


class GalaxyView(Wire):
    """Which model, and which galaxy: a row of a dataset (of the run's own where None), or an upload.

    `checkpoint` is "last", "best" or a step.
    """

    run: str
    checkpoint: str = Field("last", pattern=CHECKPOINT)
    dataset: str | None = None
    row: int | None = Field(None, ge=0)
    upload: str | None = None

    @model_validator(mode="after")
    def _one_galaxy(self) -> Self:
        if (self.row is None) == (self.upload is None):
            raise ValueError("give one galaxy: a row, or an upload")
        return self


class Masking(Wire):
    """`hidden` are patch indices chosen by hand and win over ratio and kind."""

    ratio: float = Field(0.75, ge=0, le=1)
    seed: int = Field(0, ge=0, le=2**31 - 1)
    kind: MaskKind = "uniform"
    hidden: tuple[int, ...] | None = Field(None, max_length=65_536)


class ReconstructionRequest(Wire):
    """POST /reconstructions. `average` masks of the seeds seed, seed + 1, … are averaged where more than one
    (a patch over those masks that hid it)."""

    viewed: GalaxyView
    masking: Masking = Masking()
    pixels: PixelMode = "interpolated"
    average: int = Field(1, ge=1, le=32)


class SaveRequest(Wire):
    """POST /reconstructions/picture: a PNG of the five panels of each, below one another."""

    requests: tuple[ReconstructionRequest, ...] = Field(min_length=1, max_length=2)


class LadderRequest(Wire):
    """GET /reconstructions/ladder and /sprite.webp, as JSON in the parameter `query`."""

    viewed: GalaxyView
    kind: MaskKind = "uniform"
    seed: int = Field(0, ge=0, le=2**31 - 1)
    pixels: PixelMode = "interpolated"


class Reconstruction(Wire):
    """Figures and pictures of one mask; pictures are PNG of the model's input size, base64. Figures that do
    not exist (at ratio 0, or 1) are None, with the reason in `note`."""

    step: int
    img_size: int
    patch_size: int
    visible: int
    patches: int
    ids_keep: list[int]
    ranks: list[int] = Field(description="Of this kind and seed, as in LadderInfo; empty for a mask by hand.")
    loss: float | None = Field(description="Of the removed patches, as in training.")
    psnr_db: float | None = Field(description="Of the removed patches, on the display scale.")
    ssim: float | None = Field(description="Mean over the removed patches.")
    seam: float | None = Field(description="Mean |Δ| across patch borders over that inside; 1 is no seam.")
    error_max: float = Field(
        description="Error, 0 to 1 of the display range, of the brightest colour; the same for every mask."
    )
    pixels: PixelMode
    note: str
    milliseconds: float
    original: str
    masked: str
    reconstruction: str
    composite: str
    error: str


class RatioCurve(Wire):
    """Loss against the masking ratio, a value a ratio: the mean over the removed patches and over galaxies,
    its standard error over galaxies (None of one), and the shares of the summed loss from the central half of
    each side and from the edge patches (the sky). None where a ratio removes nothing."""

    ratios: list[float]
    losses: list[float | None]
    errors: list[float | None]
    centre_shares: list[float | None]
    sky_shares: list[float | None]


class CurveRequest(Wire):
    """GET /reconstructions/curve, as JSON in the parameter `query`: over `count` validation rows, evenly
    taken, of a dataset (of the run's own where None), the n-th under the mask of `seed` + n."""

    run: str
    checkpoint: str = Field("last", pattern=CHECKPOINT)
    dataset: str | None = None
    kind: MaskKind = "uniform"
    seed: int = Field(0, ge=0, le=2**31 - 1)
    count: int = Field(32, ge=1, le=256)


class SampleCurve(Wire):
    """The curve over validation rows; `rows` are those that were taken."""

    step: int
    dataset: str
    rows: list[int]
    curve: RatioCurve


class InsideRequest(Wire):
    """GET /reconstructions/inside, as JSON in the parameter `query`: what goes on in a layer, from 1 (the
    last where None), asked from a patch (from the class token where None)."""

    viewed: GalaxyView
    layer: int | None = Field(None, ge=1, le=10_000)
    patch: int | None = Field(None, ge=0, lt=65_536)


class LayerView(Wire):
    """One layer of the encoder, which sees every patch of the galaxy; `patch` is the query, the class token
    where None. Lists run over the patches, row by row.

    Attention is that of the query over all tokens: a head's values and what goes to the class token add up to
    1. Similarity and components are of the features after the layer and the final norm.
    """

    step: int
    img_size: int
    patch_size: int
    patches: int
    layer: int
    layers: int
    heads: int
    patch: int | None
    attention: list[list[float]] = Field(description="A list a head.")
    attention_to_cls: list[float] = Field(description="A value a head.")
    mean_attention: list[float] = Field(description="Over the heads.")
    mean_attention_to_cls: float
    similarity: list[float] = Field(description="Cosine with the query, −1 to 1; 1 with itself.")
    pca: list[tuple[float, float, float]] = Field(
        description="The first three principal components, 0 to 1 from the 1st to the 99th percentile; the "
        "patch farthest from the mean lies above it."
    )
    explained: tuple[float, float, float] = Field(description="Shares of the variance of the features.")
    note: str
    milliseconds: float


class LadderInfo(Wire):
    """What a browser needs to draw any ratio at once: the patch ranks (0 vanishes last), the curve of this
    galaxy, whose ratios are those of the sprite's frames, and where the sprite lies: 19 frames side by side,
    reconstruction above, error below, of every patch: over both, the browser lays the visible patches of its
    exact mask (of no error)."""

    step: int
    img_size: int
    patch_size: int
    ranks: list[int]
    curve: RatioCurve
    error_max: float
    sprite: str
    original: str
    note: str


class Checkpoints(Wire):
    """Steps of a run that can be viewed, rising; `last` and `best` among them. Those `loaded` answer at once,
    those `loading` are just being read."""

    steps: list[int]
    epochs: list[float]
    last: int | None
    best: int | None
    loaded: list[int] = []
    loading: list[int] = []


class UploadedImage(Wire):
    """POST /reconstructions/uploads: an image to view by its id; `side` is that of its central square, in
    pixels, and `notes` say what was done to it, a sentence each."""

    id: str
    width: int
    height: int
    side: int
    bands: int
    notes: list[str]
