"""The sweep form as data: its address, the resulting sweep, errors by field, and texts."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from frontend.ui.address import Address
from frontend.ui.config_form import FieldSpec, field_specs, read_value, show_value
from frontend.ui.wording import duration, plural, size
from shared.configs.kinds import JOB_KINDS, RunKind
from shared.contract.sweeps import MOST_AXES, Axis, SweepMode, SweepPlan, SweepSpec
from shared.planning.sweep_draws import SweepError
from shared.planning.sweep_words import read_axis, setting_words

NOT_SWEPT = frozenset({"seed"})
AXES = "axes"


class SweepForm(Address):
    """The values of the form. `start` is preset:KEY, run:ID (all of its settings) or encoder:ID; `changes`
    are key=value words that override it; `over` holds one field=values per axis."""

    RENAMED: ClassVar[Mapping[str, str]] = {"changes": "set"}

    kind: Literal["pretrain", "finetune", "supervised"] = "pretrain"
    start: str = ""
    on: str = ""
    changes: str = ""
    over: tuple[str, ...] = Field((), max_length=MOST_AXES)
    mode: SweepMode = SweepMode.GRID
    samples: int = Field(10, ge=1, le=1000)
    draw_seed: int = Field(0, ge=0, le=2**31 - 1)
    seeds: int = Field(1, ge=1, le=10)
    objective: str = ""
    stop_early: bool = False
    warm_up: float = Field(0.25, ge=0, le=0.9)
    leave_out: bool = False
    name: str = Field("", max_length=60)

    @classmethod
    def read(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Axes are separated by semicolons."""
        over = [part for part in str(given.get("over", "")).split(";") if part]
        return given | ({"over": over} if over else {})

    @staticmethod
    def written(value: Any) -> str:
        return ";".join(value) if isinstance(value, tuple) else Address.written(value)


def swept_fields(kind: RunKind) -> dict[str, FieldSpec]:
    """Fields a sweep of this kind can vary."""
    return {spec.name: spec for spec in field_specs(JOB_KINDS[kind].config) if spec.name not in NOT_SWEPT}


def spec_of(form: SweepForm) -> tuple[SweepSpec | None, dict[str, str]]:
    """The sweep of a form, or sentences keyed by `changes`, `axes`, or the field of an axis."""
    kind = RunKind(form.kind)
    faults: dict[str, str] = {}
    config = read_words(kind, form.changes, faults)
    axes = _axes(form.over, faults)
    if faults:
        return None, faults
    if not axes:
        return None, {AXES: "Choose a setting to vary and its values."}
    what, _, key = form.start.partition(":")
    named = {"dataset": form.on, "encoder": key if what == "encoder" else ""}
    spec = SweepSpec(
        kind=kind,
        preset=key if what == "preset" else None,
        base_run=key if what == "run" else None,
        config={name: value for name, value in named.items() if value} | config,
        axes=axes,
        mode=form.mode,
        samples=form.samples,
        draw_seed=form.draw_seed,
        seeds=form.seeds,
        objective=form.objective or None,
        stop_early=form.stop_early,
        warm_up=form.warm_up,
        leave_out=form.leave_out,
        name=form.name.strip() or None,
    )
    return spec, {}


def read_words(kind: RunKind, words: str, faults: dict[str, str]) -> dict[str, Any]:
    """Settings from key=value words; errors are added to `faults` under `changes`."""
    specs, found = {spec.name: spec for spec in field_specs(JOB_KINDS[kind].config)}, {}
    for pair in words.split():
        key, equals, word = pair.partition("=")
        if not equals or key not in specs:
            reason = (
                "has no value; write key=value" if key in specs else "is not a setting; check its spelling"
            )
            faults["changes"] = f"{key} {reason}."
            continue
        try:
            found[key] = read_value(specs[key], word)
        except ValueError as error:
            faults["changes"] = str(error)
    return found


def _axes(over: Sequence[str], faults: dict[str, str]) -> list[Axis]:
    axes = []
    for words in over:
        try:
            axes.append(read_axis(words))
        except SweepError as error:
            faults[error.field or AXES] = f"{error}."
    return axes


def form_of(spec: SweepSpec, over: Sequence[str]) -> SweepForm:
    """The form for an existing sweep."""
    encoder = spec.config.get("encoder")
    start = f"preset:{spec.preset}" if spec.preset else f"encoder:{encoder}" if encoder else ""
    aside = {"dataset", "encoder"} | {axis.field for axis in spec.axes}
    changes = {key: value for key, value in spec.config.items() if key not in aside}
    return SweepForm.model_validate(
        spec.model_dump(
            include={"mode", "samples", "draw_seed", "seeds", "stop_early", "warm_up", "leave_out"}
        )
        | {
            "kind": spec.kind.value,
            "start": f"run:{spec.base_run}" if spec.base_run else start,
            "on": str(spec.config.get("dataset") or ""),
            "changes": "" if spec.base_run else setting_words(changes),
            "over": tuple(over),
            "objective": spec.objective or "",
            "name": spec.name or "",
        }
    )


def plan_words(plan: SweepPlan) -> tuple[str, str]:
    """The number of runs, and their composition and cost: ("12 runs", "4 settings × 3 seeds, about 32 min,
    1.2 GB")."""
    what = f"{plural(len(plan.settings), 'setting')} × {plural(plan.spec.seeds, 'seed')}"
    most = "at most" if plan.spec.stop_early else "about"
    time = f"{most} {duration(plan.total_s)}" if plan.total_s is not None else "time unknown"
    disk = f", {size(plan.disk_bytes)}" if plan.disk_bytes is not None else ""
    return plural(plan.runs, "run"), f"{what}, {time}{disk}"


def sweep_command(form: SweepForm) -> str:
    """The same sweep as a shell command, one option per line."""
    what, _, key = form.start.partition(":")
    option = {"preset": "--preset", "run": "--like", "encoder": "--from"}.get(what)
    lines = [["galaxyscope", "sweep", "run"]]
    lines += [["--kind", form.kind]] if form.kind != "pretrain" else []
    lines += [[option, key]] if option else []
    lines += [["--dataset", form.on]] if form.on else []
    lines += [["--set", word] for word in form.changes.split()]
    lines += [["--over", words] for words in form.over]
    if form.mode is SweepMode.RANDOM:
        lines.append(["--mode", "random", "--samples", str(form.samples), "--draw-seed", str(form.draw_seed)])
    lines += [["--seeds", str(form.seeds)]] if form.seeds > 1 else []
    lines += [["--objective", form.objective]] if form.objective else []
    lines += [["--stop-early", "--warm-up", show_value(form.warm_up)]] if form.stop_early else []
    lines += [["--leave-out"]] if form.leave_out else []
    lines += [["--name", form.name]] if form.name else []
    return " \\\n  ".join(shlex.join(line) for line in lines)
