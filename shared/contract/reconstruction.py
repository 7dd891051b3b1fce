"""Masked reconstructions: requests and responses.

A mask hides some of the (H/p)² patches of the input, counted row by row. It is drawn from one noise: the
patches of least noise stay visible, so that a higher ratio only ever hides more of them."""

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
    """A model and a galaxy: a row of a dataset (None: the dataset of the run), or an upload.

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
    """`hidden` are patch indices chosen by hand; they override ratio and kind."""

    ratio: float = Field(0.75, ge=0, le=1)
    seed: int = Field(0, ge=0, le=2**31 - 1)
    kind: MaskKind = "uniform"
    hidden: tuple[int, ...] | None = Field(None, max_length=65_536)


class ReconstructionRequest(Wire):
    """POST /reconstructions. `average` masks of the seeds seed, seed + 1, … are averaged (a patch over the
    masks that hide it)."""

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
    """Figures and pictures of one mask; pictures are PNG of the input size, base64. Undefined figures (at
    ratio 0 or 1) are None, with the reason in `note`."""

    step: int
    img_size: int
    patch_size: int
    visible: int
    patches: int
    ids_keep: list[int]
    ranks: list[int] = Field(description="As in LadderInfo; empty for a mask by hand.")
    loss: float | None = Field(description="Of the removed patches, as in training.")
    psnr_db: float | None = Field(description="Of the removed patches, on the display scale.")
    ssim: float | None = Field(description="Mean over the removed patches.")
    seam: float | None = Field(description="Mean |Δ| across patch borders over that inside; 1 is no seam.")
    error_max: float = Field(
        description="Error of the brightest colour, 0 to 1 of the display range; the same for every mask."
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
    """Loss against the masking ratio: mean over hidden patches and galaxies, standard error over galaxies
    (None for one), and the shares of the loss from the central half of each side and from edge patches (the
    sky). None where a ratio hides nothing."""

    ratios: list[float]
    losses: list[float | None]
    errors: list[float | None]
    centre_shares: list[float | None]
    sky_shares: list[float | None]


class CurveRequest(Wire):
    """GET /reconstructions/curve, as JSON in the parameter `query`: over `count` evenly spaced validation
    rows of a dataset (None: the dataset of the run), the n-th with the mask of `seed` + n."""

    run: str
    checkpoint: str = Field("last", pattern=CHECKPOINT)
    dataset: str | None = None
    kind: MaskKind = "uniform"
    seed: int = Field(0, ge=0, le=2**31 - 1)
    count: int = Field(32, ge=1, le=256)


class SampleCurve(Wire):
    """The curve over the validation `rows`."""

    step: int
    dataset: str
    rows: list[int]
    curve: RatioCurve


class InsideRequest(Wire):
    """GET /reconstructions/inside, as JSON in the parameter `query`: a layer, from 1 (None: the last), with a
    patch as the query (None: the class token)."""

    viewed: GalaxyView
    layer: int | None = Field(None, ge=1, le=10_000)
    patch: int | None = Field(None, ge=0, lt=65_536)


class LayerView(Wire):
    """One layer of the encoder with every patch visible; `patch` is the query (None: the class token). Lists
    run over the patches, row by row.

    Attention is of the query to all tokens: the values of a head and its attention to the class token sum to
    1. Similarity and components are of the features after the layer and the final norm."""

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
        "patch farthest from the mean is above it."
    )
    explained: tuple[float, float, float] = Field(description="Shares of the variance of the features.")
    note: str
    milliseconds: float


class LadderInfo(Wire):
    """What a browser needs to draw any ratio at once: patch ranks (0 is hidden last), the curve of this
    galaxy at the ratios of the frames, and the address of the sprite: 19 frames side by side, reconstruction
    above, error below, of every patch. The browser draws the visible patches of its exact mask over both."""

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
    """Steps of a run with a checkpoint, ascending, `last` and `best` among them; `loaded` ones respond at
    once."""

    steps: list[int]
    epochs: list[float]
    last: int | None
    best: int | None
    loaded: list[int] = []
    loading: list[int] = []


class UploadedImage(Wire):
    """POST /reconstructions/uploads: an image to view by its id; `side` of its central square in pixels,
    `notes` on how it was processed."""

    id: str
    width: int
    height: int
    side: int
    bands: int
    notes: list[str]
