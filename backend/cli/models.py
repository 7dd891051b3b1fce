"""`galaxyscope models …`"""

from pathlib import Path
from typing import Annotated

import typer

from backend.cli.data import Json
from backend.cli.output import print_json, print_run
from backend.cli.session import open_home, start_and_wait
from backend.errors import GalaxyscopeError
from backend.services.launching.create import create_run
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract.runs import RunRequest

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _models() -> None:
    """Take in models that were trained elsewhere."""


@app.command("import")
def import_(
    path: Annotated[
        Path,
        typer.Argument(help="Weights of facebookresearch/mae or a timm ViT: .safetensors, .pth, .pt, .bin."),
    ],
    name: Annotated[str | None, typer.Option(help="A label for people.")] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Dataset to look at it with; standardises where mean and std are absent."),
    ] = None,
    mean: Annotated[str | None, typer.Option(help="Of each band, 0 to 1, as 0.485,0.456,0.406.")] = None,
    std: Annotated[str | None, typer.Option(help="Of each band, 0 to 1, as 0.229,0.224,0.225.")] = None,
    num_heads: Annotated[
        int | None, typer.Option(help="Attention heads, which weights do not tell; of width 64 where absent.")
    ] = None,
    decoder_num_heads: Annotated[
        int | None, typer.Option(help="Heads of the decoder; 16 of a decoder of width 512.")
    ] = None,
    norm_pix_loss: Annotated[
        bool,
        typer.Option("--norm-pix-loss/--no-norm-pix-loss", help="What its decoder was trained to predict."),
    ] = True,
    crop_size: Annotated[int | None, typer.Option(help="Centre crop before resizing, in pixels.")] = None,
    as_json: Json = False,
) -> None:
    """Take in weights that were trained elsewhere, as a run to look into; no code in the file is run."""
    config = {
        "path": str(path.absolute()),
        "dataset": dataset,
        "crop_size": crop_size,
        "mean": mean,
        "std": std,
        "num_heads": num_heads,
        "decoder_num_heads": decoder_num_heads,
        "norm_pix_loss": norm_pix_loss,
    }
    home = open_home()
    run = create_run(
        home.database, home.settings, RunRequest(kind=RunKind.IMPORT_MODEL, config=config, name=name)
    )
    run = start_and_wait(home, run.id)
    if run.state is not RunState.SUCCEEDED:
        raise GalaxyscopeError("import_failed", run.reason or f"the job {run.id} ended {run.state}")
    print_json(run) if as_json else print_run(run)
