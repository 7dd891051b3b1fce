"""Tables. Runs and metrics are copied from the run directories; the queue is only here."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, MetaData, String, TypeDecorator, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in and out, stored as naive UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value and value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        dict[str, float | None]: JSON,
        list[str]: JSON,
    }


class Deletable:
    """Rows that a person can delete and restore. While `deleted_at` is set, only queries that include deleted
    rows find them (backend.db.engine)."""

    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class RunRow(Deletable, Base):
    """One run. `state` changes only through backend.jobs.queue."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    lane: Mapped[str] = mapped_column(String(8))
    name: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(default="")
    archived: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16), index=True)
    state_changed_at: Mapped[datetime]
    reason: Mapped[str | None]
    suggestion: Mapped[str | None]
    preset: Mapped[str | None]
    dataset: Mapped[str | None] = mapped_column(index=True)
    dataset_digest: Mapped[str | None]
    eval_dataset_digest: Mapped[str | None]
    """Of the dataset its probes are evaluated on: its own, or its eval_dataset."""
    config: Mapped[dict[str, Any]]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    queue_rank: Mapped[int] = mapped_column(default=0)
    """Its place among all runs of its lane; only waiting runs exchange places."""
    attempt: Mapped[int] = mapped_column(default=0)
    crashes_since_checkpoint: Mapped[int] = mapped_column(default=0)
    last_checkpoint: Mapped[int] = mapped_column(default=-1)
    ingest_offset: Mapped[int] = mapped_column(default=0)
    resets: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    latest_metrics: Mapped[dict[str, float | None]] = mapped_column(default=dict)
    initial_metrics: Mapped[dict[str, float | None]] = mapped_column(default=dict)
    disk_bytes: Mapped[int | None]
    """Size of its folder when last measured."""


class PausedLaneRow(Base):
    """A paused lane, which starts no runs."""

    __tablename__ = "paused_lanes"

    lane: Mapped[str] = mapped_column(String(8), primary_key=True)
    paused_at: Mapped[datetime]


class RunEventRow(Base):
    """A change of state, or a note if `from_state` equals `to_state`."""

    __tablename__ = "run_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime]


class MetricSetRow(Base):
    """The keys that a run logs together."""

    __tablename__ = "metric_sets"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    keys: Mapped[list[str]]


class MetricLineRow(Base):
    """Points of one step (see backend.db.points). `figures`: epoch, time and a value for each key of its set,
    as little-endian float64. `id` increases with each insert: readers use it as a cursor, and the index on
    `set_id` ends in it."""

    __tablename__ = "metric_lines"
    __table_args__ = (UniqueConstraint("set_id", "step"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("metric_sets.id", ondelete="CASCADE"), index=True)
    step: Mapped[int]
    figures: Mapped[bytes]


class DatasetRow(Base):
    """One dataset. `info` is the Dataset described by its file; `name` and `description` can be changed and
    override it; `file` is relative to the datasets folder."""

    __tablename__ = "datasets"

    name: Mapped[str] = mapped_column(primary_key=True)
    file: Mapped[str]
    digest: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    info: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class BaselineRow(Base):
    """A reference accuracy of a dataset, computed once per digest (of pixels, labels and split)."""

    __tablename__ = "baselines"

    dataset_digest: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float]


class EvaluationRow(Deletable, Base):
    """One evaluation; `info` is the Evaluation written by its job. `encoder_id` is the run evaluated by the
    job, also for its references (raw pixels, majority)."""

    __tablename__ = "evaluations"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    encoder_id: Mapped[str | None] = mapped_column(String(64), index=True)
    dataset_digest: Mapped[str] = mapped_column(index=True)
    info: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)


class SweepRow(Base):
    """One sweep; `spec` is a SweepSpec whose config is complete, `id` a digest of it."""

    __tablename__ = "sweeps"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str | None]
    spec: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)


class SweepMemberRow(Base):
    """A planned run of a sweep, stored before it is queued so that an interrupted launch can continue.
    `run_id` is its newest run."""

    __tablename__ = "sweep_members"

    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    setting: Mapped[dict[str, Any]]
    seed: Mapped[int]
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"), index=True)
    stopped_early: Mapped[bool] = mapped_column(default=False)


class LabelFlagRow(Base):
    """A label flagged as doubtful. It refers to a row by the digest of its dataset, so it survives renaming
    or deleting the dataset."""

    __tablename__ = "label_flags"

    dataset_digest: Mapped[str] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source_id: Mapped[str]
    label: Mapped[str]
    note: Mapped[str]
    created_at: Mapped[datetime]


class CollectionRow(Base):
    """A named set of galaxies, identified by the digest of their dataset as in LabelFlagRow."""

    __tablename__ = "collections"

    dataset_digest: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    rows: Mapped[list[int]] = mapped_column(JSON)
    note: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class NoticeRow(Base):
    """A notice about a run. `id` increases, so it is used as a cursor."""

    __tablename__ = "notices"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    words: Mapped[str]
    at: Mapped[datetime]


class WebhookRow(Base):
    """Where notices are sent: one row, or none. `sent_id` is the last notice sent or dropped, `failures` the
    failed attempts since."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]
    kinds: Mapped[list[str]]
    sent_id: Mapped[int]
    failures: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(default="")


class RatingRow(Base):
    """How interesting a galaxy is, rated 0 to 5. Identified by digest as in LabelFlagRow."""

    __tablename__ = "ratings"

    dataset_digest: Mapped[str] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source_id: Mapped[str]
    label: Mapped[str | None]
    rating: Mapped[int]
    rated_at: Mapped[datetime]
