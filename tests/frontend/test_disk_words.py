"""Texts about deleting and pruning."""

from datetime import UTC, datetime

from frontend.ui.disk_words import deletion_sentences, disk_label, pruning_sentence
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


def test_a_deletion_lists_what_is_removed_what_depends_on_it_and_how_long_it_can_be_restored() -> None:
    removed, undo = deletion_sentences(PREVIEW)
    assert removed.endswith("60.1 MB: curves, log, 2 checkpoints, 1 sample picture.")
    assert "24 hours" in undo
    changes = {"feature_bytes": 5_000_000, "referring": ["a-1"], "evaluations": 3}
    removed, features, dependents, undo = deletion_sentences(PREVIEW.model_copy(update=changes))
    assert removed.endswith("2 checkpoints, 1 sample picture, 3 evaluations.")
    assert features.startswith("5 MB")
    assert dependents.startswith("a-1 depends")
    many = PREVIEW.model_copy(update={"referring": [f"r-{i}" for i in range(7)]})
    assert deletion_sentences(many)[1].startswith("r-0, r-1, r-2, r-3, r-4 and 2 more depend ")


def test_the_disk_is_told_in_one_line() -> None:
    disk = DiskUsage(
        runs_bytes=1_200_000_000,
        deleted_bytes=0,
        unmeasured=0,
        free_bytes=71_000_000_000,
        total_bytes=10**11,
        deleted=[],
    )
    assert disk_label(disk) == "Disk: 1.2 GB used by runs · 71 GB free"
    now = datetime.now(UTC)
    gone = DeletedRun(
        id="a-1", kind=RunKind.PRETRAIN, name=None, disk_bytes=9_000_000, deleted_at=now, gone_at=now
    )
    full = disk.model_copy(update={"unmeasured": 1, "deleted": [gone], "deleted_bytes": 9_000_000})
    assert disk_label(full) == (
        "Disk: 1.2 GB used by runs, 1 run not measured yet · 9 MB in trash · 71 GB free"
    )


def test_what_can_go_is_counted() -> None:
    assert pruning_sentence(PruneReport(runs=[], bytes=0)).startswith("Nothing")
    runs = [
        PrunableRun(id="a-1", name=None, checkpoints=3, bytes=2_000_000),
        PrunableRun(id="b-2", name=None, checkpoints=0, bytes=1_000_000),
    ]
    whole = pruning_sentence(PruneReport(runs=runs, bytes=3_000_000))
    assert whole.startswith("3 MB of 2 finished runs: 3 checkpoints ")
    assert "1 finished run: no checkpoint" in pruning_sentence(PruneReport(runs=runs[1:], bytes=1_000_000))
