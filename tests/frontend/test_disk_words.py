"""What is said before something goes."""

from datetime import UTC, datetime

from frontend.disk_words import deletion_sentences, disk_label, pruning_sentence
from shared.configs.kinds import RunKind
from shared.contract.runs import DeletedRun, DiskUsage, PrunableRun, PruneReport, RunDeletion

PREVIEW = RunDeletion(
    run_id="quiet-spiral-1",
    disk_bytes=60_100_000,
    checkpoints=2,
    samples=1,
    evaluations=0,
    feature_bytes=0,
    referring=[],
    blocked_by=[],
)
BACK = "For 24 hours it can be had back as it was, from the Runs page."


def test_a_deletion_says_what_goes_what_stays_and_how_long_there_is_a_way_back() -> None:
    assert deletion_sentences(PREVIEW) == [
        "60.1 MB go: curves, log, 2 checkpoints, 1 sample picture.",
        BACK,
    ]
    stood_on = PREVIEW.model_copy(update={"feature_bytes": 5_000_000, "referring": ["a-1"], "evaluations": 3})
    assert deletion_sentences(stood_on) == [
        "60.1 MB go: curves, log, 2 checkpoints, 1 sample picture, 3 evaluations.",
        "5 MB of kept features of its weights go at once; they are computed again when asked for.",
        "a-1 stands on it and keeps its results.",
        BACK,
    ]
    many = PREVIEW.model_copy(update={"referring": [f"r-{i}" for i in range(7)]})
    assert deletion_sentences(many)[1] == (
        "r-0, r-1, r-2, r-3, r-4 and 2 more stand on it and keep their results."
    )


def test_the_disk_is_told_in_one_line() -> None:
    disk = DiskUsage(
        runs_bytes=1_200_000_000,
        deleted_bytes=0,
        unmeasured=0,
        free_bytes=71_000_000_000,
        total_bytes=10**11,
        deleted=[],
    )
    assert disk_label(disk) == "Disk: runs take 1.2 GB · 71 GB free"
    now = datetime.now(UTC)
    gone = DeletedRun(
        id="a-1", kind=RunKind.PRETRAIN, name=None, disk_bytes=9_000_000, deleted_at=now, gone_at=now
    )
    full = disk.model_copy(update={"unmeasured": 1, "deleted": [gone], "deleted_bytes": 9_000_000})
    assert disk_label(full) == ("Disk: runs take 1.2 GB, 1 run not measured yet · 9 MB deleted · 71 GB free")


def test_what_can_go_is_counted() -> None:
    assert pruning_sentence(PruneReport(runs=[], bytes=0)).startswith("Nothing:")
    runs = [
        PrunableRun(id="a-1", name=None, checkpoints=3, bytes=2_000_000),
        PrunableRun(id="b-2", name=None, checkpoints=0, bytes=1_000_000),
    ]
    assert pruning_sentence(PruneReport(runs=runs, bytes=3_000_000)) == (
        "3 MB of 2 ended runs: 3 checkpoints besides last and best, and the optimizer's state, "
        "as an ended run never goes on."
    )
    assert "1 ended run: no checkpoint" in pruning_sentence(PruneReport(runs=runs[1:], bytes=1_000_000))
