"""Texts about the disk space of runs."""

from frontend.ui.wording import plural, size
from shared.contract.runs import UNDO_H, DiskUsage, PruneReport, RunDeletion

LAST_DELETED = "last_deleted_run"
"""The session state of the run that was deleted last, which Runs offers to restore."""


def deletion_sentences(preview: RunDeletion) -> list[str]:
    """The consequences of deleting a run: what is removed, what stays, and how long it can be restored."""
    counted = (
        (preview.checkpoints, "checkpoint"),
        (preview.samples, "sample picture"),
        (preview.evaluations, "evaluation"),
    )
    parts = [plural(number, noun) for number, noun in counted if number]
    sentences = [
        f"This removes {size(preview.disk_bytes)}: curves, log{''.join(f', {part}' for part in parts)}."
    ]
    if preview.feature_bytes:
        sentences.append(
            f"{size(preview.feature_bytes)} of cached features are removed immediately; "
            "they are recomputed when needed."
        )
    if preview.referring:
        named = ", ".join(preview.referring[:5])
        more = f" and {len(preview.referring) - 5} more" if len(preview.referring) > 5 else ""
        stand = "depends" if len(preview.referring) == 1 else "depend"
        keep = "keeps its" if len(preview.referring) == 1 else "keep their"
        sentences.append(f"{named}{more} {stand} on this run and {keep} results.")
    return [*sentences, f"It can be restored from the Runs page for {UNDO_H} hours."]


def disk_label(disk: DiskUsage) -> str:
    """The size of all runs, as an expander title."""
    known = f"Disk: {size(disk.runs_bytes)} used by runs"
    open_ends = f", {plural(disk.unmeasured, 'run')} not measured yet" if disk.unmeasured else ""
    trash = f" · {size(disk.deleted_bytes)} in trash" if disk.deleted else ""
    return f"{known}{open_ends}{trash} · {size(disk.free_bytes)} free"


def pruning_sentence(pruning: PruneReport) -> str:
    """What pruning would remove."""
    if not pruning.runs:
        return "Nothing to prune: finished runs keep only their last and best checkpoints."
    checkpoints = sum(run.checkpoints for run in pruning.runs)
    what = f"{plural(checkpoints, 'checkpoint')} besides last and best" if checkpoints else "no checkpoint"
    of = f"{size(pruning.bytes)} of {plural(len(pruning.runs), 'finished run')}"
    return f"{of}: {what}, and optimiser state, which finished runs no longer need."
