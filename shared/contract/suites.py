"""Suites: the comparisons of the report and further ones (docs/science.md §5) as runs, table rows and claims.
A suite follows from its name, scale, dataset and seeds; only its runs are stored, so that a second launch
adds the missing ones."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.base.vocabulary import Basis, Head
from shared.base.wire import Wire
from shared.configs.kinds import RunKind
from shared.contract.evaluations import Interval
from shared.contract.runs import Run


class SuiteScale(StrEnum):
    """`paper` at 224 px for a GPU, `laptop` at 64 px for two CPU cores."""

    PAPER = "paper"
    LAPTOP = "laptop"


class SuiteRequest(Wire):
    """Parameters of a suite: the dataset of every run, `seeds` of each row."""

    dataset: str
    scale: SuiteScale = SuiteScale.LAPTOP
    seeds: int = 3


class Choice(Wire):
    """Something the report does not state, and our choice."""

    what: str
    ours: str


class Slot(Wire):
    """One run of a suite. `encoder` is the slot of the run whose encoder it uses."""

    key: str
    kind: RunKind
    seed: int
    config: dict[str, Any]
    encoder: str | None = None


class RowSpec(Wire):
    """A row of the table: a result of a head from each slot, one a seed. `report` is the figure of the
    report, a share of 1."""

    name: str
    head: Head | None
    basis: Basis = Basis.ENCODER
    slots: list[str]
    report: float | None = None


class Claim(Wire):
    """A sentence that is true if the row `better` beats the row `worse`; with `no_gain`, if that is not
    shown."""

    sentence: str
    better: str
    worse: str
    no_gain: bool = False


class SuiteInfo(Wire):
    """The question of a suite."""

    key: str
    title: str
    question: str
    choices: list[Choice] = Field(default_factory=list)


class SuitePlan(Wire):
    """All parts of a suite."""

    suite: SuiteInfo
    scale: SuiteScale
    dataset: str
    seeds: int
    slots: list[Slot]
    rows: list[RowSpec]
    claims: list[Claim]


class PlannedRun(Wire):
    """A slot and its run, if there is one."""

    slot: Slot
    run: Run | None


class RowResult(Wire):
    """Test accuracies of a row by seed, their mean and sample standard deviation (None for one seed), and the
    Wilson interval of the first. `evaluations` are their ids."""

    name: str
    report: float | None
    evaluations: list[str]
    seeds: list[int]
    accuracies: list[float]
    balanced_accuracies: list[float]
    mean: float | None
    std: float | None
    first_ci95: Interval | None
    n: int | None


class ClaimResult(Wire):
    """The evidence for a claim: better − worse, its interval, p raw and after Holm over the claims of the
    suite; None with fewer than three seeds a side."""

    sentence: str
    verdict: str
    difference: float | None = None
    ci95: Interval | None = None
    p: float | None = None
    p_holm: float | None = None


class SuiteReport(Wire):
    """The current state of a suite: runs, results, claims."""

    plan: SuitePlan
    dataset_digest: str
    runs: list[PlannedRun]
    rows: list[RowResult]
    references: list[RowResult]
    claims: list[ClaimResult]
    missing: int = Field(description="Slots without a queued, active or finished run.")
    active: int
    done: int
    cost_s: float | None = Field(description="Seconds for missing runs, by earlier ones; None if unknown.")
