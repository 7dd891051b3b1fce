"""From positions to a dataset of cut-outs: the cost before, a preview, the job."""

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import numpy as np

from backend.data.cutouts.fetching import Target, fetch_all, missing
from backend.data.cutouts.positions import Positions, read_positions
from backend.data.cutouts.requests import CutoutRequests
from backend.data.cutouts.source import CutoutSource
from backend.data.importers.inspecting import sprite
from backend.data.importers.names import counted
from backend.data.importers.reporting import SILENT, Findings, Reporter
from backend.data.importers.trees import Roots
from backend.data.importers.writing import made_by, write_source
from backend.data.layout import MIN_ROWS, evenly_spaced
from backend.errors import DataError
from shared.base.text import duration
from shared.configs import CutoutsConfig
from shared.configs.datasets import COLUMN_FIELDS
from shared.contract.cutouts import CutoutsPreview
from shared.contract.datasets import SourceProblem

CUTOUTS_CACHE = Path("cache", "cutouts")
"""Within the home."""
MAX_REQUESTS = 20_000
PREVIEWED = 16
JPEG_BYTES_PER_PIXEL = 0.5
FITS_HEADER_BYTES = 8640


def make_cutouts(
    config: CutoutsConfig,
    folder: Path,
    cache: Path,
    token: str,
    progress: Callable[..., None],
    should_stop: Callable[[], bool],
    roots: Roots,
    say: Callable[[str], None],
) -> Path:
    """Path of the new dataset, as for import_dataset; a second call with the same token returns the first's.

    Fetches into `cache` what it lacks, and leaves that there whatever happens. `say` gets a line for each
    galaxy left out. Raises DataError for an unusable table or a service that fails, ForbiddenError,
    ImportStopped.
    """
    finished = made_by(folder, config.name, token)
    if finished is not None:
        return finished
    reporter, findings = Reporter(progress, should_stop), Findings(strict=True)
    positions, requests = read_positions(config, roots, findings), CutoutRequests(config)
    _check(positions, requests)
    rows = np.arange(len(positions))
    targets = _targets(positions, requests, rows.tolist())
    failed = fetch_all(requests, targets, cache, reporter)
    source = CutoutSource(positions, requests, cache, findings, rows)
    source.leave_out(failed)
    for row, reason in sorted(failed.items()):
        ra, dec, _ = positions.of(row)
        say(f"left out: {positions.catalogue.source_ids[row]} at {ra:.6f} {dec:+.6f}: {reason}")
    source.prepare(reporter)
    return write_source(source, config.name, folder, token, reporter, source.skipped)


def inspect_cutouts(config: CutoutsConfig, cache: Path, roots: Roots) -> CutoutsPreview:
    """What a job would fetch, how long that takes and how much it is; asks no service. Raises if there is
    nothing to inspect (no such file, not a table, outside `roots`); other faults are among the problems."""
    findings = Findings(strict=False)
    positions, requests = read_positions(config, roots, findings), CutoutRequests(config)
    rows = np.arange(len(positions))
    with findings.trying():
        if not findings.problems:
            _check(positions, requests)
    # A table of a million rows is refused, and not looked up in the cache.
    targets = [] if findings.problems else _targets(positions, requests, rows.tolist())
    source = CutoutSource(positions, requests, cache, findings, rows)
    wanted = missing(targets, cache)
    parts = sum(not (cache / part.file).exists() for target in wanted for part in target.parts)
    scales = np.unique(positions.catalogue.sky.get("pxscale", np.array([])))
    side, recipe = config.img_size, source.recipe
    return CutoutsPreview(
        n=len(positions),
        cached=len(targets) - len(wanted),
        requests=parts,
        seconds=parts / requests.per_s,
        fetch_bytes=round(parts * _bytes_of_part(config, targets)),
        size_bytes=len(positions) * side**2 * (recipe.channels if recipe else 3),
        bands=recipe.bands if recipe else [],
        service=requests.service.title,
        per_s=requests.per_s,
        arcsec=float(scales[0]) * side if len(scales) == 1 else None,
        acknowledgement=str(source.info.provenance["acknowledgement"]),
        columns=positions.table.columns,
        roles={name: positions.table.roles.get(name) for name in COLUMN_FIELDS},
        rows=positions.table.rows,
        receipt=source.receipt(),
        problems=[SourceProblem(code=e.code, detail=e.detail, field=e.field) for e in findings.problems],
    )


def check_cutouts(config: CutoutsConfig, cache: Path, roots: Roots) -> CutoutsPreview:
    """The same for a job that is about to be queued. Raises if it could not work."""
    preview = inspect_cutouts(config, cache, roots)
    for problem in preview.problems:
        raise DataError(problem.code, problem.detail, problem.field)
    return preview


def preview_cutouts(config: CutoutsConfig, cache: Path, roots: Roots, side: int = 96) -> bytes:
    """PNG of sixteen evenly spaced cut-outs as they would be stored, fetched from the service if need be: 8
    columns of `side`-pixel tiles, black for those that failed. DataError if all did."""
    findings = Findings(strict=True)
    positions, requests = read_positions(config, roots, findings), CutoutRequests(config)
    rows = evenly_spaced(np.arange(len(positions)), PREVIEWED)
    targets = _targets(positions, requests, rows.tolist())
    failed = fetch_all(requests, targets, cache, SILENT, strict=False)
    if len(failed) == len(targets):
        first = targets[0]
        why = f"None of {counted(len(targets), 'cut-out')} could be fetched, first '{first.source_id}'"
        raise DataError("cutouts_failed", f"{why} ({failed[first.row]}); choose another survey.", "survey")
    with closing(CutoutSource(positions, requests, cache, findings, rows)) as source:
        source.prepare(SILENT)
        return sprite(source, PREVIEWED, side)


def cost_words(preview: CutoutsPreview) -> str:
    """`6,000 cut-outs, 12 of them fetched before: 49 min 54 s at 2 requests a second, 49.1 MB`."""
    before = f", {preview.cached:,} of them fetched before" if preview.cached else ""
    if not preview.requests:
        return f"{counted(preview.n, 'cut-out')}{before}: nothing to fetch"
    asked = f"{counted(preview.requests, 'request')} to {preview.service}"
    rate = f"{duration(preview.seconds)} at {preview.per_s:g} a second"
    return (
        f"{counted(preview.n, 'cut-out')}{before}: {asked}, {rate}, about {preview.fetch_bytes / 1e6:,.1f} MB"
    )


def _targets(positions: Positions, requests: CutoutRequests, rows: Iterable[int]) -> list[Target]:
    ids = positions.catalogue.source_ids
    return [Target(row, ids[row], tuple(requests.parts(*positions.of(row)))) for row in rows]


def _check(positions: Positions, requests: CutoutRequests) -> None:
    asked = len(positions) * requests.per_galaxy
    if len(positions) < MIN_ROWS:
        why = (
            f"{positions.name} has {counted(len(positions), 'position')}; a dataset needs at least {MIN_ROWS}"
        )
        raise DataError("too_few_images", f"{why}: add more.", "path")
    if asked > MAX_REQUESTS:
        why = f"{positions.name} needs {asked:,} requests, over {MAX_REQUESTS:,}"
        bulk = "download bricks of the survey, or a HATS catalogue with images, and import those"
        advice = f"set cone to a part of the sky, or {bulk}"
        raise DataError("too_many_positions", f"{why}; {advice}.", "path")


def _bytes_of_part(config: CutoutsConfig, targets: list[Target]) -> float:
    pixels = config.img_size**2
    if config.file_format == "jpg":
        return 1000 + JPEG_BYTES_PER_PIXEL * pixels
    bands = len(targets[0].parts[0].bands) if targets else 1
    return FITS_HEADER_BYTES + 4.0 * bands * pixels
