"""`galaxyscope runs export|import`: a run, its metrics or its encoder as files."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.data import Json
from backend.cli.output import console, print_json
from backend.cli.runs.commands import RunId
from backend.cli.session import open_home
from backend.errors import InvalidInputError
from backend.files import write_chunks
from backend.services import bundles
from backend.services.datasets.tables import TableFormat
from backend.services.reconstruction.encoder_files import encoder_file
from backend.services.runs.metrics import metrics_table
from backend.services.services import Services
from shared.contract.bundles import WITHOUT_RESUME, CheckpointChoice, timm_example

ENDINGS: dict[str, TableFormat] = {".csv": "csv", ".parquet": "parquet"}
Out = Path | None


def export(
    run_id: RunId,
    zip_: Annotated[
        Out, typer.Option("--zip", help="The whole run, to be imported elsewhere: out.zip.")
    ] = None,
    checkpoints: Annotated[
        CheckpointChoice, typer.Option(help="In the zip: the best and the last (kept), all, or none.")
    ] = CheckpointChoice.KEPT,
    metrics: Annotated[Out, typer.Option(help="Every point of its metrics: out.csv or out.parquet.")] = None,
    encoder: Annotated[Out, typer.Option(help="Its encoder, for timm: out.safetensors.")] = None,
    onnx: Annotated[
        Out, typer.Option(help="Its encoder as ONNX, compared with torch first: out.onnx.")
    ] = None,
    checkpoint: Annotated[str, typer.Option(help="Of the encoder: best, last or a step.")] = "best",
) -> None:
    """Write a run, its metrics or its encoder to files; each option writes one."""
    wanted: list[tuple[Out, Callable[[Services, Path], None]]] = [
        (zip_, lambda home, path: _export_zip(home, run_id, path, checkpoints)),
        (metrics, lambda home, path: _export_metrics(home, run_id, path)),
        (encoder, lambda home, path: _export_encoder(home, run_id, path, checkpoint)),
        (onnx, lambda home, path: _export_onnx(home, run_id, path, checkpoint)),
    ]
    if not any(path for path, _ in wanted):
        raise InvalidInputError(
            "nothing_asked", "nothing to write; name a file with --zip, --metrics, --encoder or --onnx"
        )
    home = open_home()
    for path, write in wanted:
        if path is not None:
            write(home, path)


def import_(
    path: Annotated[Path, typer.Argument(help="A zip that `runs export --zip` or a Run page wrote.")],
    as_json: Json = False,
) -> None:
    """Take in a run from elsewhere; all of it is checked before, and no code in it is run."""
    home = open_home()
    imported = bundles.import_run(home.database, home.settings, path)
    if as_json:
        print_json(imported)
        return
    came = "is here already, from this very zip" if imported.here_already else f"imported from {path.name}"
    print(f"{imported.run_id}: {came}")
    for note in imported.notes:
        console.print(note, markup=False)


def _export_zip(home: Services, run_id: str, path: Path, choice: CheckpointChoice) -> None:
    bundle = bundles.open_bundle(home.database, home.settings, run_id, choice)
    _write(path, bundle.chunks, ".zip")
    console.print(WITHOUT_RESUME)


def _export_metrics(home: Services, run_id: str, path: Path) -> None:
    if path.suffix not in ENDINGS:
        raise InvalidInputError(
            "unknown_format", f"{path} is neither .csv nor .parquet; name the file with one of them"
        )
    _write(path, [metrics_table(home.database, run_id, ENDINGS[path.suffix])], path.suffix)


def _export_encoder(home: Services, run_id: str, path: Path, checkpoint: str) -> None:
    file = encoder_file(home.database, home.settings, run_id, checkpoint)
    _write(path, [file.content], ".safetensors")
    console.print(f"{file.left_out}. To load it:\n", markup=False)
    print(timm_example(path.name))


def _export_onnx(home: Services, run_id: str, path: Path, checkpoint: str) -> None:
    from backend.cli.runs.onnx_export import export_onnx  # torch

    _require_ending(path, ".onnx")
    console.print(export_onnx(home.database, home.settings, run_id, path, checkpoint), markup=False)


def _write(path: Path, chunks: Iterable[bytes], ending: str) -> None:
    _require_ending(path, ending)
    try:
        size = write_chunks(path, chunks)
    except OSError as error:
        reason = f"{path} cannot be written: {error.strerror}; name a file in a folder of yours"
        raise InvalidInputError("not_writable", reason) from None
    print(f"{path}: {size:,} bytes")


def _require_ending(path: Path, ending: str) -> None:
    if path.suffix != ending:
        raise InvalidInputError("unknown_format", f"{path} does not end in {ending}; name the file so")
