"""How large the house is: `python docs/architecture/count.py BEFORE [NOW]` prints a Markdown table.

BEFORE and NOW are checkouts; NOW defaults to this one. A walk lists the files that a reader opens to follow
one act from end to end: each file that turns the data into its next form, and each that picks what is called
next, by a branch or a table. A file counts once. Types, errors, locks, logging and layout do not count.
`--walks` lists the files. The exit code is 1 if a file of a walk does not exist.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
PRODUCT = ("backend", "shared")
SMALL_LINES = 40
NARROW = ("backend/services", "backend/ml", "shared")
MOST_NARROW, MOST = 15, 20

Step = tuple[str, str]
"""A file, and what happens in it."""


@dataclass(frozen=True)
class Walk:
    """The files of one act, in reading order, for the layout before the capability folders and after."""

    title: str
    target: int
    before: Sequence[Step]
    after: Sequence[Step]

    def files(self, tree: Path) -> list[str]:
        return [file for file, _ in self.steps(tree)]

    def steps(self, tree: Path) -> Sequence[Step]:
        return self.after if (tree / "backend/services/launching").is_dir() else self.before


LAUNCH = Walk(
    "launch form → training step",
    15,
    before=(
        ("frontend/app_pages/launch.py", "Start is pressed"),
        ("frontend/launch_state.py", "the form becomes a RunRequest"),
        ("frontend/client.py", "the request becomes a call"),
        ("frontend/connection.py", "the call becomes HTTP"),
        ("shared/routes.py", "which address"),
        ("backend/api/runs.py", "HTTP becomes a call"),
        ("backend/services/runs.py", "the request becomes a config, by preset and kind"),
        ("shared/configs.py", "CONFIGS: which config"),
        ("backend/services/checks.py", "which checks, by the class of the config"),
        ("backend/services/sources.py", "more of them, by the class of the config"),
        ("backend/jobs/queue.py", "enqueue, enter, insert: the config becomes a spec and a row"),
        ("shared/runs.py", "LANES and the sets of kinds: which lane"),
        ("backend/jobs/run_dir.py", "the spec on disk"),
        ("backend/jobs/supervisor.py", "a row becomes a start"),
        ("backend/jobs/lanes.py", "which row is next"),
        ("backend/jobs/state.py", "queued becomes starting"),
        ("backend/jobs/launcher.py", "a start becomes a process"),
        ("backend/jobs/worker.py", "TASKS: which module"),
        ("backend/jobs/tasks/pretrain.py", "the spec becomes data and a call"),
        ("backend/ml/reading.py", "which rows"),
        ("backend/ml/pretrain.py", "the config becomes a model"),
        ("backend/ml/training.py", "the loop"),
        ("backend/ml/training_step.py", "forward, backward, optimiser"),
        ("backend/ml/schedule.py", "the images and the rate of a step"),
    ),
    after=(
        ("frontend/features/launch/page.py", "Start is pressed"),
        ("frontend/features/launch/state.py", "the form becomes a RunRequest"),
        ("frontend/api/client.py", "the request becomes HTTP"),
        ("shared/contract/endpoints.py", "which method and address"),
        ("backend/api/runs.py", "HTTP becomes a call"),
        ("backend/services/launching/create.py", "the request becomes a config; which prepare"),
        ("shared/configs/kinds.py", "the record of the kind: which config, lane and task"),
        ("backend/services/launching/pretraining.py", "the config becomes a ReadyRun"),
        ("backend/jobs/queue.py", "the ReadyRun becomes a spec and a row; which row is next"),
        ("backend/jobs/run_dir.py", "the spec on disk"),
        ("backend/jobs/supervisor.py", "a row becomes a start"),
        ("backend/jobs/worker.py", "a start becomes a process, which imports the task of the kind"),
        ("backend/jobs/tasks/pretraining.py", "the spec becomes data and a call"),
        ("backend/ml/pretraining/pretrain.py", "which rows; the config becomes a Trainee"),
        ("backend/ml/pretraining/loop.py", "the loop: the images and rate of a step, and the optimiser"),
    ),
)
CELL = Walk(
    "confusion cell → galaxies",
    10,
    before=(
        ("frontend/components/confusion_matrix.js", "a cell is pressed"),
        ("frontend/components/confusion_matrix.py", "the browser event becomes a call"),
        ("frontend/app_pages/evaluate_url.py", "the cell goes into the state of the page"),
        ("frontend/address.py", "the state becomes an address, and back"),
        ("frontend/app_pages/evaluate_cells.py", "matrix and galaxies are drawn again"),
        ("frontend/app_pages/evaluate_galaxies.py", "the state becomes a query"),
        ("frontend/evaluation_calls.py", "the query becomes a call"),
        ("frontend/connection.py", "the call becomes HTTP"),
        ("shared/routes.py", "which address"),
        ("backend/api/evaluations.py", "HTTP becomes a call"),
        ("backend/services/evaluations.py", "which predictions, in which order"),
        ("backend/stats/predictions.py", "a file becomes predictions"),
        ("backend/services/datasets.py", "a row becomes a galaxy"),
        ("frontend/components/galaxy_grid.py", "where its picture comes from"),
        ("frontend/components/prediction_grid.py", "the page of predictions becomes data for the browser"),
        ("frontend/components/prediction_grid.js", "the galaxies"),
    ),
    after=(
        ("frontend/features/evaluate/figures/confusion_matrix.js", "a cell is pressed"),
        ("frontend/features/evaluate/shown.js", "the cell becomes what matrix and grid show"),
        ("frontend/features/evaluate/prediction_grid.js", "what is shown becomes a query and galaxies"),
        ("frontend/ui/kit/api.js", "the query becomes HTTP"),
        ("shared/contract/endpoints.py", "which method and address"),
        ("backend/api/evaluations.py", "HTTP becomes a call"),
        ("backend/services/evaluation/evaluations.py", "which predictions, in which order"),
        ("backend/stats/predictions.py", "a file becomes predictions"),
        ("backend/services/datasets/browsing.py", "a row becomes a galaxy"),
        ("frontend/ui/galaxies/galaxy_dialog.js", "where its picture comes from"),
    ),
)
WALKS = (LAUNCH, CELL)


def python_files(tree: Path, folders: Sequence[str] = PRODUCT) -> list[Path]:
    """Migrations included."""
    return sorted(path for folder in folders for path in (tree / folder).rglob("*.py"))


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def product_lines(tree: Path) -> str:
    return f"{sum(map(line_count, python_files(tree))):,}"


def small_files(tree: Path) -> str:
    """Files under SMALL_LINES lines. Empty ones, such as most `__init__.py`, do not count."""
    ours, all_files = (
        sum(0 < line_count(path) < SMALL_LINES for path in python_files(tree, folders))
        for folders in (PRODUCT, (*PRODUCT, "frontend"))
    )
    return f"{ours} ({all_files} with frontend)"


def crowded_folders(tree: Path) -> str:
    """Folders over their limit, with their number of Python files. Database revisions do not count."""
    files = (path for path in python_files(tree) if "versions" not in path.parts)
    flat = Counter(path.parent.relative_to(tree).as_posix() for path in files)
    over = [f"{folder} {count}" for folder, count in sorted(flat.items()) if count > most_in(folder)]
    return ", ".join(over) or "none"


def most_in(folder: str) -> int:
    narrow = any(folder == root or folder.startswith(f"{root}/") for root in NARROW)
    return MOST_NARROW if narrow else MOST


def readme_lines(tree: Path) -> str:
    return str(line_count(tree / "README.md"))


FIGURES: Mapping[str, Callable[[Path], str]] = {
    "lines of Python in backend and shared": product_lines,
    f"folders over {MOST_NARROW} files (services, ml, shared) or {MOST} (rest of backend)": crowded_folders,
    f"files under {SMALL_LINES} lines in backend and shared": small_files,
    "lines of README": readme_lines,
}


def table(before: Path, now: Path) -> list[str]:
    rows = [(title, figure(before), figure(now)) for title, figure in FIGURES.items()]
    for walk in WALKS:
        title = f"files: {walk.title} (at most {walk.target})"
        rows.append((title, str(len(walk.files(before))), str(len(walk.files(now)))))
    return ["| what | before | now |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]


def missing_files(tree: Path) -> list[str]:
    """Files of the walks that do not exist in `tree`, or that a walk lists twice."""
    faults = []
    for walk in WALKS:
        counted = Counter(walk.files(tree))
        faults += [
            f"{tree.name}: {walk.title}: {file} is missing" for file in counted if not (tree / file).is_file()
        ]
        faults += [
            f"{tree.name}: {walk.title}: {file} is listed twice" for file, n in counted.items() if n > 1
        ]
    return faults


def walk_list(tree: Path) -> list[str]:
    lines = []
    for walk in WALKS:
        steps = enumerate(walk.steps(tree), 1)
        lines += ["", f"{walk.title}:", "", *(f"{n}. `{file}`: {what}" for n, (file, what) in steps)]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description="Counts files and lines of one or two checkouts.")
    parser.add_argument("before", type=Path, help="checkout of commit 3739527")
    parser.add_argument(
        "now", type=Path, nargs="?", default=HERE, help="checkout to compare it with; this one"
    )
    parser.add_argument("--walks", action="store_true", help="list the files of each walk in NOW")
    chosen = parser.parse_args()
    before, now = chosen.before.resolve(), chosen.now.resolve()
    lines = table(before, now) + (walk_list(now) if chosen.walks else [])
    sys.stdout.write("\n".join(lines) + "\n")
    faults = missing_files(before) + missing_files(now)
    sys.stderr.write("".join(f"{fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
