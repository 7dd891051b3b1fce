"""What is said of the disk that runs take."""

from frontend.wording import plural, size
from shared.contract.runs import UNDO_H, DiskUsage, PruneReport, RunDeletion


def deletion_sentences(preview: RunDeletion) -> list[str]:
    """What deleting the run takes away, what stays, and until when there is a way back."""
    counted = (
        (preview.checkpoints, "checkpoint"),
        (preview.samples, "sample picture"),
        (preview.evaluations, "evaluation"),
    )
    parts = [plural(number, noun) for number, noun in counted if number]
    sentences = [f"{size(preview.disk_bytes)} go: curves, log{''.join(f', {part}' for part in parts)}."]
    if preview.feature_bytes:
        sentences.append(
            f"{size(preview.feature_bytes)} of kept features of its weights go at once; "
            "they are computed again when asked for."
        )
    if preview.referring:
        named = ", ".join(preview.referring[:5])
        more = f" and {len(preview.referring) - 5} more" if len(preview.referring) > 5 else ""
        stand = "stands" if len(preview.referring) == 1 else "stand"
        keep = "keeps its" if len(preview.referring) == 1 else "keep their"
        sentences.append(f"{named}{more} {stand} on it and {keep} results.")
    return [*sentences, f"For {UNDO_H} hours it can be had back as it was, from the Runs page."]


def disk_label(disk: DiskUsage) -> str:
    """The size of all runs, for the head of a fold."""
    known = f"Disk: runs take {size(disk.runs_bytes)}"
    open_ends = f", {plural(disk.unmeasured, 'run')} not measured yet" if disk.unmeasured else ""
    trash = f" · {size(disk.deleted_bytes)} deleted" if disk.deleted else ""
    return f"{known}{open_ends}{trash} · {size(disk.free_bytes)} free"


def pruning_sentence(pruning: PruneReport) -> str:
    """What ended runs can do without."""
    if not pruning.runs:
        return "Nothing: ended runs hold their last and best checkpoint alone."
    checkpoints = sum(run.checkpoints for run in pruning.runs)
    what = f"{plural(checkpoints, 'checkpoint')} besides last and best" if checkpoints else "no checkpoint"
    of = f"{size(pruning.bytes)} of {plural(len(pruning.runs), 'ended run')}"
    return f"{of}: {what}, and the optimizer's state, as an ended run never goes on."
