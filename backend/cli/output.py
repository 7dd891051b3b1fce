"""What the shell prints: results on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backend.errors import GalaxyscopeError
from shared.contract.datasets import Dataset
from shared.contract.evaluations import Evaluation
from shared.contract.launching import Estimate, LaneQueue, QueuedRun, WaitingRun
from shared.contract.runs import DiskUsage, PruneReport, Run, Verdict
from shared.contract.system import Machine, Notice, Webhook, WebhookTest

console = Console(stderr=True)


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


def print_runs(runs: Sequence[Run]) -> None:
    table = Table(box=None)
    columns = ("run", "kind", "state", "dataset", "linear", "k-NN", "images/s", "created")
    for column in columns:
        table.add_column(column, no_wrap=True, justify="left" if column in columns[:4] else "right")
    for run in runs:
        table.add_row(
            run.id,
            run.kind.value,
            state_words(run),
            run.dataset or "",
            percent(run.metrics.get("val/linear_accuracy")),
            percent(run.metrics.get("val/knn_accuracy")),
            f"{run.images_per_s:.0f}" if run.images_per_s else "–",
            f"{run.created_at.astimezone():%d %b %H:%M}",
        )
    stdout_console().print(table if runs else "no runs yet: galaxyscope run pretrain --dataset NAME")


def stdout_console() -> Console:
    """As wide as the terminal; wide enough for every column where there is none."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def print_run(run: Run, verdict: Verdict | None = None) -> None:
    """One run in words: state, why, whether it still learns, and its accuracies beside their references."""
    out = stdout_console()
    on = f" on {run.dataset}" if run.dataset else ""
    out.print(f"[bold]{run.id}[/bold]  {run.kind.value}{on}: {state_words(run)}")
    said = (verdict.sentence, verdict.stopping) if verdict else ()
    for sentence in (run.reason, run.suggestion, *said):
        if sentence:
            out.print(f"  {sentence}", highlight=False)
    table = Table("", "this run", "random init", "raw pixels", "majority", box=None)
    linear = "linear probe, SGD" if run.config.get("online_probe") == "sgd" else "linear probe"
    for label, key in ((linear, "linear_accuracy"), ("20-NN", "knn_accuracy")):
        if f"val/{key}" in run.metrics:
            table.add_row(
                label,
                percent(run.metrics[f"val/{key}"]),
                percent(run.baselines.get(f"random_init_{key}")),
                percent(run.baselines.get(f"raw_pixel_{key}")),
                percent(run.baselines.get("majority_accuracy")),
            )
    if table.row_count:
        out.print(table)


def print_queue(lanes: Sequence[LaneQueue]) -> None:
    """A line a run, in the order in which they start; the lanes below each other."""
    table = Table("lane", "", "run", "kind", "dataset", "", box=None)
    for lane in lanes:
        at_work = [lane.at_work] if lane.at_work else []
        for run in (*at_work, *lane.waiting):
            place = str(run.queue_position) if isinstance(run, WaitingRun) else run.state.value
            words = (lane.lane.value, place, run.id, run.kind.value, run.dataset or "", _when(lane, run))
            table.add_row(*map(escape, words))
    stdout_console().print(table if table.row_count else "nothing runs and nothing waits")
    for lane in lanes:
        if lane.paused_at is not None:
            stdout_console().print(f"The {lane.lane} queue is paused: nothing new starts in it.")


def _when(lane: LaneQueue, run: QueuedRun) -> str:
    if not isinstance(run, WaitingRun):
        return f"{time_words(run.progress.eta_s)} left" if run.progress.eta_s is not None else ""
    if lane.paused_at is not None:
        return "when resumed"
    if run.starts_at is not None and run.after is not None:
        return f"about {run.starts_at.astimezone():%H:%M}"
    return f"after {run.after}" if run.after else "next"


def print_disk(disk: DiskUsage) -> None:
    """What runs take, and those that can be had back."""
    rows = [
        (
            "runs",
            size_words(disk.runs_bytes)
            + (f", {disk.unmeasured} not measured yet" if disk.unmeasured else ""),
        ),
        ("deleted, not gone yet", size_words(disk.deleted_bytes)),
        ("disk", _of(disk.free_bytes, disk.total_bytes)),
    ]
    _print_facts(
        [
            *rows,
            *(
                (f"runs restore {run.id}", f"until {run.gone_at.astimezone():%d %b %H:%M}")
                for run in disk.deleted
            ),
        ]
    )


def print_pruning(pruning: PruneReport) -> None:
    table = Table("run", "checkpoints", "size", box=None)
    for run in pruning.runs:
        table.add_row(run.id, str(run.checkpoints), size_words(run.bytes))
    stdout_console().print(table if pruning.runs else "nothing can go: ended runs hold last and best alone")


def print_notices(notices: Sequence[Notice]) -> None:
    table = Table("at", "", "run", "", box=None)
    for one in notices:
        table.add_row(f"{one.at.astimezone():%d %b %H:%M}", one.kind.value, one.run_id, escape(one.words))
    stdout_console().print(table if notices else "nothing to say yet")


def print_webhook(webhook: Webhook, tested: WebhookTest | None) -> None:
    if tested is not None:
        stdout_console().print(escape(tested.words), highlight=False)
    if not webhook.url:
        stdout_console().print("notices are sent nowhere: --url ADDRESS sends them", highlight=False)
        return
    kinds = ", ".join(kind.value for kind in webhook.kinds)
    stdout_console().print(escape(f"{webhook.url}: {kinds}; {webhook.waiting} waiting"), highlight=False)
    if webhook.problem:
        stdout_console().print(escape(f"last try: {webhook.problem}"), highlight=False)


def print_datasets(datasets: Sequence[Dataset]) -> None:
    table = Table("dataset", "galaxies", "size", "bands", "classes", "", box=None)
    for dataset in datasets:
        side = f"{dataset.img_size} px"
        kind = "simulated" if dataset.simulated else ""
        table.add_row(
            dataset.name, f"{dataset.n:,}", side, " ".join(dataset.bands), str(len(dataset.class_names)), kind
        )
    stdout_console().print(table if datasets else "no datasets yet: galaxyscope data simulate")


def print_evaluations(found: Sequence[Evaluation]) -> None:
    """One line a head, with 95 % intervals, the references below."""
    table = Table(box=None)
    for column in ("features", "head", "depth", "pooling", "seed"):
        table.add_column(column, no_wrap=True)
    for column in ("n", "accuracy", "95 %", "balanced", "macro-F1"):
        table.add_column(column, no_wrap=True, justify="right")
    for one in found:
        low, high = (percent(edge) for edge in (one.accuracy_ci95.low, one.accuracy_ci95.high))
        table.add_row(
            one.basis.value.replace("_", " "),
            one.head.value if one.head else "–",
            f"{one.depth} of {one.layers}" if one.depth else "–",
            one.pooling or "–",
            str(one.seed),
            str(one.n),
            percent(one.accuracy),
            f"{low} to {high}",
            percent(one.balanced_accuracy),
            percent(one.macro_f1),
        )
    stdout_console().print(table)
    for note in dict.fromkeys(note for one in found for note in one.notes):
        stdout_console().print(note, highlight=False)


def print_estimate(estimate: Estimate) -> None:
    """What a launch costs, a line each."""
    rows = [
        ("source", f"{estimate.source}: {estimate.basis}"),
        ("parameters", f"{estimate.parameters:,}"),
        ("training FLOPs an image", f"{estimate.training_flops:.3g}"),
        (
            "memory over the idle process",
            f"{size_words(estimate.memory_bytes)} of {size_words(estimate.memory_free_bytes)} free"
            + ("" if estimate.fits else ": does not fit; take a smaller batch_size"),
        ),
        ("images/s", f"{estimate.images_per_s:,.0f}" if estimate.images_per_s else "unknown"),
        ("time an epoch", time_words(estimate.epoch_s)),
        ("time in all", time_words(estimate.total_s)),
        ("disk", f"{size_words(estimate.disk_bytes)} of {size_words(estimate.disk_free_bytes)} free"),
        ("starts", estimate.starts),
    ]
    _print_facts(rows)


def print_machine(machine: Machine) -> None:
    """What `galaxyscope doctor` found."""
    test = machine.self_test
    rows = [
        ("device", machine.device + (f" ({machine.why_cpu})" if machine.why_cpu else "")),
        ("driver", machine.driver or "none"),
        ("torch", f"{machine.torch or 'unknown'}, CUDA build {machine.torch_cuda or 'none'}"),
        ("bfloat16 products", {True: "yes", False: "no", None: "unknown"}[machine.bf16]),
        ("processor", f"{machine.cpu}, {machine.cores} cores usable"),
        ("memory", _of(machine.memory_free_bytes, machine.memory_total_bytes)),
        ("disk", f"{_of(machine.disk_free_bytes, machine.disk_total_bytes)}, {machine.home}"),
        ("python", machine.python),
        ("packages", "  ".join(f"{name} {version}" for name, version in machine.packages.items())),
        ("self-test", f"{test.images_per_s:,.0f} images/s, {test.at:%d %b %H:%M} UTC" if test else "not run"),
    ]
    if machine.gpu_memory_total_bytes is not None:
        free = _of(machine.gpu_memory_free_bytes or 0, machine.gpu_memory_total_bytes)
        rows.insert(2, ("GPU memory", free))
    _print_facts([*rows, *(("problem", text) for text in machine.problems)])


def _of(free: int, total: int) -> str:
    return f"{size_words(free)} of {size_words(total)} free"


def _print_facts(rows: Sequence[tuple[str, str]]) -> None:
    table = Table(box=None, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(name, escape(text))
    stdout_console().print(table)


def size_words(count: float) -> str:
    """Bytes as MB or GB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def time_words(seconds: float | None) -> str:
    """Seconds as h, min and s, two units at most."""
    if seconds is None:
        return "unknown"
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{seconds:.2g} s"


def state_words(run: Run) -> str:
    done, total = run.progress.step, run.progress.total_steps
    if run.state.value == "running" and total:
        return f"running {100 * done / total:.0f} %"
    return run.state.value


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
