"""What the shell prints: results on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backend.errors import GalaxyscopeError
from shared.base.text import percent, size
from shared.contract.runs import Run, Verdict

console = Console(stderr=True)
T = TypeVar("T")
Item = TypeVar("Item", bound=BaseModel)
Columns = Mapping[str, str | Callable[[T], object]]
"""The title of each column, and an attribute of a row or a function of it."""


def stdout_console() -> Console:
    """As wide as the terminal, or wide enough for every column without one."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def print_json(value: BaseModel | Sequence[BaseModel] | dict[str, Any]) -> None:
    """One JSON value on stdout."""
    if isinstance(value, BaseModel):
        plain: Any = value.model_dump(mode="json")
    elif isinstance(value, dict):
        plain = value
    else:
        plain = [item.model_dump(mode="json") for item in value]
    print(json.dumps(plain, indent=1))


def print_error(error: GalaxyscopeError, *, as_json: bool) -> None:
    """The sentence on stderr; with `as_json` also the error object on stdout."""
    print(f"error: {error.detail}", file=sys.stderr)
    if as_json:
        print_json({"code": error.code, "detail": error.detail, "field": error.field})


def print_lines(*lines: str | None) -> None:
    """Sentences on stdout, a line each; empty ones are skipped."""
    for line in filter(None, lines):
        stdout_console().print(line, highlight=False, markup=False)


def print_table(
    rows: Iterable[T], columns: Columns[T], empty: str = "", *, right: Collection[str] = (), wrap: bool = True
) -> None:
    """A line a row; `empty` is printed in place of a table without rows."""
    table = Table(box=None)
    for title in columns:
        table.add_column(title.strip(), no_wrap=not wrap, justify="right" if title in right else "left")
    for row in rows:
        cells = (getattr(row, show) if isinstance(show, str) else show(row) for show in columns.values())
        table.add_row(*map(_cell, cells))
    stdout_console().print(table if table.row_count or not empty else empty)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone():%d %b %Y %H:%M}"
    return "–" if value is None else escape(str(value))


def print_list(rows: Sequence[Item], as_json: bool, columns: Columns[Item], empty: str = "") -> None:
    """Rows as JSON or as a table."""
    print_json(rows) if as_json else print_table(rows, columns, empty)


def print_facts(rows: Iterable[tuple[str, str]]) -> None:
    """A name and what it says, a line each."""
    table = Table(box=None, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(name, escape(text))
    stdout_console().print(table)


def print_run(run: Run, verdict: Verdict | None = None) -> None:
    """One run in words: state, why, whether it still learns, and its accuracies beside their references."""
    on = f" on {run.dataset}" if run.dataset else ""
    stdout_console().print(f"[bold]{run.id}[/bold]  {run.kind.value}{on}: {state_words(run)}")
    verdict_lines = (verdict.sentence, verdict.stopping) if verdict else ()
    print_lines(*(f"  {line}" for line in (run.reason, run.suggestion, *verdict_lines) if line))
    linear = "linear probe, SGD" if run.config.get("online_probe") == "sgd" else "linear probe"
    probes = [(linear, "linear_accuracy"), ("20-NN", "knn_accuracy")]
    rows = [(title, key) for title, key in probes if f"val/{key}" in run.metrics]
    columns: Columns[tuple[str, str]] = {
        "": lambda row: row[0],
        "this run": lambda row: percent(run.metrics[f"val/{row[1]}"]),
        "random init": lambda row: percent(run.baselines.get(f"random_init_{row[1]}")),
        "raw pixels": lambda row: percent(run.baselines.get(f"raw_pixel_{row[1]}")),
        "majority": lambda _: percent(run.baselines.get("majority_accuracy")),
    }
    if rows:
        print_table(rows, columns)


def state_words(run: Run) -> str:
    done, total = run.progress.step, run.progress.total_steps
    if run.state.value == "running" and total:
        return f"running {100 * done / total:.0f} %"
    return run.state.value


def day(at: datetime) -> str:
    return f"{at.astimezone():%d %b %H:%M}"


def free_of(free: int, total: int) -> str:
    return f"{size(free)} of {size(total)} free"
