"""The report's comparisons and those beyond it (docs/science.md §5) as suites: runs, the rows that they fill,
and the claims that these decide. A suite is worked out from its name, scale, dataset and seeds; nothing of it
is stored but its runs, so that a second launch adds what is missing."""

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
    """Which suite is meant, besides its key: every run on `dataset`, `seeds` of each row."""

    dataset: str
    scale: SuiteScale = SuiteScale.LAPTOP
    seeds: int = 3


class Choice(Wire):
    """Something that the report does not state, and what we chose."""

    what: str
    ours: str


class Slot(Wire):
    """One run of a suite. `encoder` is the slot whose run's encoder it works on."""

    key: str
    kind: RunKind
    seed: int
    config: dict[str, Any]
    encoder: str | None = None


class RowSpec(Wire):
    """A row of the suite's table: one result of a head in each of the `slots`, a seed each. `report` is the
    report's figure, a share of 1."""

    name: str
    head: Head | None
    basis: Basis = Basis.ENCODER
    slots: list[str]
    report: float | None = None


class Claim(Wire):
    """A sentence that holds where the row `better` beats the row `worse`; with `no_gain`, where that is not
    shown."""

    sentence: str
    better: str
    worse: str
    no_gain: bool = False


class SuiteInfo(Wire):
    """What a suite asks, in words."""

    key: str
    title: str
    question: str
    choices: list[Choice] = Field(default_factory=list)


class SuitePlan(Wire):
    """Everything that a suite consists of."""

    suite: SuiteInfo
    scale: SuiteScale
    dataset: str
    seeds: int
    slots: list[Slot]
    rows: list[RowSpec]
    claims: list[Claim]


class PlannedRun(Wire):
    """A slot and the run that fills it, None where none does."""

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
    """What the seeds say of a claim: better − worse, its interval, p as it is and after Holm over the claims
    of the suite; None where fewer than three seeds of both sides are in."""

    sentence: str
    verdict: str
    difference: float | None = None
    ci95: Interval | None = None
    p: float | None = None
    p_holm: float | None = None


class SuiteReport(Wire):
    """A suite as it stands: its runs, what they came to, what may be said."""

    plan: SuitePlan
    dataset_digest: str
    runs: list[PlannedRun]
    rows: list[RowResult]
    references: list[RowResult]
    claims: list[ClaimResult]
    missing: int = Field(description="Slots without a run that is queued, at work or done.")
    active: int
    done: int
    cost_s: float | None = Field(description="Seconds of what is missing, by earlier runs; None if unknown.")
