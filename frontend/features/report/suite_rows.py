"""The rows and claims of a suite."""

from collections.abc import Callable
from typing import Any

from frontend.ui.browser_view import on_trigger
from frontend.ui.components import load_component
from frontend.ui.evaluation_rows import points, spread_words
from shared.contract.evaluations import Interval
from shared.contract.suites import ClaimResult, RowResult, SuiteReport

KEY = "suite_rows"
_ROWS = load_component(__file__)


def draw_suite_rows(report: SuiteReport, on_pick: Callable[[str], None]) -> None:
    """Draw rows and claims; `on_pick` gets the evaluation of the clicked row before the next rerun."""
    _ROWS(data=suite_data(report), key=KEY, on_pick_change=on_trigger(KEY, "pick", on_pick))


def suite_data(report: SuiteReport) -> dict[str, Any]:
    """Rows, references and claims as text."""
    rows = [_row(row, report.plan.seeds) for row in report.rows]
    references = [_row(row, 1) | {"reference": True} for row in report.references]
    return {"rows": rows + references, "claims": [_claim(claim) for claim in report.claims]}


def _row(row: RowResult, seeds: int) -> dict[str, Any]:
    return {
        "name": row.name,
        "each": row.accuracies,
        "mean": row.mean,
        "report": row.report,
        "evaluations": row.evaluations,
        "words": row_words(row, seeds),
        "reference": False,
    }


def row_words(row: RowResult, seeds: int) -> str:
    """Mean ± standard deviation and the number of seeds, if any are finished."""
    if not row.accuracies:
        return "no result yet"
    words = f"{spread_words(row.accuracies)} %"
    if len(row.accuracies) < seeds:
        return f"{words}, {len(row.accuracies)} of {seeds} seeds"
    return f"{words}, {seeds} seeds" if seeds > 1 else words


def _claim(claim: ClaimResult) -> dict[str, str]:
    return {
        "sentence": claim.sentence,
        "verdict": claim.verdict,
        "difference": difference_words(claim.difference, claim.ci95),
        "p": "" if claim.p is None else f"{claim.p:.2g}",
        "p_holm": "" if claim.p_holm is None else f"{claim.p_holm:.2g}",
    }


def difference_words(difference: float | None, ci95: Interval | None) -> str:
    """+2.1 (+0.4 to +3.8), in points."""
    if difference is None or ci95 is None:
        return ""
    return f"{points(difference)} ({points(ci95.low)} to {points(ci95.high)})"
