"""`galaxyscope models …`"""

from typing import Annotated, Any

import typer

from backend.cli.options import Json, Label, fields_of, grouped
from backend.cli.output import print_json, print_run
from backend.cli.session import open_home, run_job
from shared.configs import ImportModelConfig
from shared.configs.kinds import RunKind

app = typer.Typer(no_args_is_help=True)
Model = Annotated[dict[str, Any], fields_of(ImportModelConfig, argument="path", paths=("path",))]


@app.command("import")
@grouped
def import_(config: Model, name: Label = None, as_json: Json = False) -> None:
    """Import the weights of a model trained elsewhere (facebookresearch/mae or a timm ViT) as a run. No
    code in the file is executed."""
    run = run_job(open_home(), RunKind.IMPORT_MODEL, config, "import_failed", name=name)
    print_json(run) if as_json else print_run(run)
