"""`galaxyscope runs export` and `import`: a run, its metrics or its encoder as files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.options import Checkpoint, Json, RunId
from backend.cli.output import console, print_json
from backend.cli.session import open_home
from backend.errors import InvalidInputError
from backend.files import write_chunks
from backend.services import bundles
from backend.services.datasets.tables import TableFormat
from backend.services.reconstruction.encoder_files import encoder_file
from backend.services.runs.metrics import metrics_table
from shared.contract.bundles import WITHOUT_RESUME, CheckpointChoice, timm_example

ENDINGS: dict[str, TableFormat] = {".csv": "csv", ".parquet": "parquet"}
Out = Path | None


def export(
    run_id: RunId,
    zip_: Annotated[Out, typer.Option("--zip", help="The whole run, for import elsewhere: out.zip.")] = None,
    checkpoints: Annotated[
        CheckpointChoice, typer.Option(help="Checkpoints in the zip: kept (best and last), all or none.")
    ] = CheckpointChoice.KEPT,
    metrics: Annotated[Out, typer.Option(help="Every point of its metrics: out.csv or out.parquet.")] = None,
    encoder: Annotated[Out, typer.Option(help="Its encoder, for timm: out.safetensors.")] = None,
    onnx: Annotated[Out, typer.Option(help="Its encoder as ONNX, checked against torch: out.onnx.")] = None,
    checkpoint: Checkpoint = "best",
) -> None:
    """Export a run, its metrics or its encoder to files; each option writes one file."""
    if not any((zip_, metrics, encoder, onnx)):
        raise InvalidInputError(
            "nothing_asked", "nothing to export; name a file with --zip, --metrics, --encoder or --onnx"
        )
    home = open_home()
    if zip_ is not None:
        bundle = bundles.open_bundle(home.database, home.settings, run_id, checkpoints)
        _write(zip_, bundle.chunks, ".zip")
        console.print(WITHOUT_RESUME)
    if metrics is not None:
        ending = _require_ending(metrics, *ENDINGS)
        _write(metrics, [metrics_table(home.database, run_id, ENDINGS[ending])], ending)
    if encoder is not None:
        file = encoder_file(home.database, home.settings, run_id, checkpoint)
        _write(encoder, [file.content], ".safetensors")
        console.print(f"{file.left_out}. To load it:\n", markup=False)
        print(timm_example(encoder.name))
    if onnx is not None:
        from backend.cli.runs.onnx_export import export_onnx  # torch

        _require_ending(onnx, ".onnx")
        console.print(export_onnx(home.database, home.settings, run_id, onnx, checkpoint), markup=False)


def import_(
    path: Annotated[Path, typer.Argument(help="A zip written by `runs export --zip` or by a Run page.")],
    as_json: Json = False,
) -> None:
    """Import a run from a zip. The zip is checked first; no code in it is executed."""
    home = open_home()
    imported = bundles.import_run(home.database, home.settings, path)
    if as_json:
        print_json(imported)
        return
    came = "already imported from this zip" if imported.here_already else f"imported from {path.name}"
    print(f"{imported.run_id}: {came}")
    for note in imported.notes:
        console.print(note, markup=False)


def _write(path: Path, chunks: Iterable[bytes], ending: str) -> None:
    _require_ending(path, ending)
    try:
        size = write_chunks(path, chunks)
    except OSError as error:
        reason = f"{path} cannot be written: {error.strerror}; choose a folder you can write to"
        raise InvalidInputError("not_writable", reason) from None
    print(f"{path}: {size:,} bytes")


def _require_ending(path: Path, *endings: str) -> str:
    if path.suffix not in endings:
        raise InvalidInputError("unknown_format", f"{path} does not end in {' or '.join(endings)}; rename it")
    return path.suffix
