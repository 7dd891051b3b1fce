"""`galaxyscope reconstruct`"""

from pathlib import Path
from typing import Annotated, get_args

import typer

from backend.cli.options import Json
from backend.cli.output import print_json
from backend.cli.session import open_home
from backend.config_errors import validated
from backend.errors import InvalidInputError
from backend.files import write_atomic
from backend.services.reconstruction.reconstructions import PANELS
from backend.services.reconstruction.saved_pictures import SavedPictures
from shared.contract.reconstruction import (
    AnimationFormat,
    LadderRequest,
    MaskKind,
    PixelMode,
    Reconstruction,
    ReconstructionRequest,
    SaveRequest,
)

SWEEPS: dict[str, AnimationFormat] = {"gif": "gif", "webp": "webp"}


def reconstruct(
    run: Annotated[str, typer.Option("--run", help="Id of the training.")],
    galaxy: Annotated[int, typer.Option("--galaxy", min=0, help="Row of the dataset.")],
    dataset: Annotated[str | None, typer.Option(help="Dataset of the row; the run's own by default.")] = None,
    mask_ratio: Annotated[float, typer.Option(help="Share of hidden patches, 0 to 1.")] = 0.75,
    seed: Annotated[int, typer.Option(help="Seed of the mask.")] = 0,
    kind: Annotated[str, typer.Option(help=f"Kind of mask: {', '.join(get_args(MaskKind))}.")] = "uniform",
    checkpoint: Annotated[str, typer.Option(help="last, best or a step.")] = "last",
    pixels: Annotated[
        str, typer.Option(help=f"How predictions become pixels: {', '.join(get_args(PixelMode))}.")
    ] = "interpolated",
    average: Annotated[int, typer.Option(help="Number of masks to average.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Picture to write: .png for this mask, .gif or .webp for an animation over all ratios."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Reconstruct a masked galaxy: loss, PSNR, SSIM, seam, and a picture."""
    values = {
        "viewed": {"run": run, "checkpoint": checkpoint, "dataset": dataset, "row": galaxy},
        "masking": {"ratio": mask_ratio, "seed": seed, "kind": kind},
        "pixels": pixels,
        "average": average,
    }
    if out is not None and out.suffix.lower() not in (".png", ".gif", ".webp"):
        raise InvalidInputError(
            "unknown_format", f"{out.name} does not end in .png, .gif or .webp; rename it", "out"
        )
    home = open_home()
    request = validated(ReconstructionRequest, values)
    answer = home.reconstructions.reconstruct(request)
    if out is not None:
        write_atomic(out, _file(home.saved_pictures, request, out))
    figures = answer.model_dump(exclude={*PANELS, "ranks"}) | {"out": str(out) if out else None}
    if as_json:
        print_json(figures)
        return
    for name, text in _words(answer, out):
        print(f"{name:<12}{text}")


def _file(saved: SavedPictures, request: ReconstructionRequest, out: Path) -> bytes:
    """PNG of the panels, or an animation over all ratios, by the ending of `out`."""
    ending = out.suffix.lower().removeprefix(".")
    if ending == "png":
        return saved.row(SaveRequest(requests=(request,))).content
    masking = request.masking
    ladder = LadderRequest(viewed=request.viewed, kind=masking.kind, seed=masking.seed, pixels=request.pixels)
    return saved.animation(ladder, SWEEPS[ending]).content


def _words(answer: Reconstruction, out: Path | None) -> list[tuple[str, str]]:
    def figure(value: float | None, unit: str = "") -> str:
        return "undefined" if value is None else f"{value:.3f}{unit}"

    rows = [
        ("checkpoint", f"step {answer.step}"),
        ("visible", f"{answer.visible} of {answer.patches} patches"),
        ("loss", figure(answer.loss)),
        ("PSNR", figure(answer.psnr_db, " dB")),
        ("SSIM", figure(answer.ssim)),
        ("seam", figure(answer.seam)),
        ("took", f"{answer.milliseconds:.0f} ms"),
        ("note", answer.note),
    ]
    return rows + ([("picture", str(out))] if out else [])
