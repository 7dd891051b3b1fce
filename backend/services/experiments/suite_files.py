"""The report of a suite as a self-contained file: Markdown, or HTML with its figure."""

import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import jinja2

from shared.base.text import percent
from shared.contract.suites import RowResult, SuiteReport

PACKAGES = ("torch", "timm", "numpy", "scikit-learn", "scipy")
_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("backend.services.experiments", "templates"),
    autoescape=jinja2.select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)


def report_text(report: SuiteReport, file_format: Literal["html", "md"]) -> str:
    """Tables, claims, choices, configuration, digests and versions; HTML is one page, with a chart of the
    rows."""
    return _TEMPLATES.get_template(f"suite.{file_format}.j2").render(
        report=report,
        plan=report.plan,
        percent=percent,
        spread=spread,
        points=points,
        chart=chart_rows(report),
        configs=configs(report),
        versions={name: version(name) for name in ("galaxyscope", *PACKAGES)},
        commit=_commit(),
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def points(share: float | None) -> str:
    """+1.2, in points."""
    return "–" if share is None else f"{100 * share:+.1f}".replace("-", "−")


def spread(row: RowResult) -> str:
    """Mean ± sample standard deviation with the number of seeds; a single seed with its Wilson interval."""
    if row.mean is None:
        return "–"
    if row.std is not None:
        return f"{100 * row.mean:.1f} ± {100 * row.std:.1f} % ({len(row.accuracies)} seeds)"
    interval = row.first_ci95
    between = f" (95 %: {100 * interval.low:.1f} – {100 * interval.high:.1f})" if interval else ""
    return f"{100 * row.mean:.1f} %{between}"


def chart_rows(report: SuiteReport) -> list[dict[str, Any]]:
    """Data of the chart, shares of 1: every seed, the mean, the figure of the report."""
    return [
        {"name": row.name, "each": row.accuracies, "mean": row.mean, "report": row.report}
        | {"reference": reference}
        for rows, reference in ((report.rows, False), (report.references, True))
        for row in rows
        if row.mean is not None
    ]


def configs(report: SuiteReport) -> list[tuple[str, str, dict[str, Any]]]:
    """Slot, run id and config of existing runs."""
    return [
        (planned.slot.key, planned.run.id, planned.run.config)
        for planned in report.runs
        if planned.run is not None
    ]


def _commit() -> str | None:
    """The commit of the source, in a checkout with git installed."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except OSError:
        return None
    return found.stdout.strip() or None
