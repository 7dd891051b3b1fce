"""Learning curves of the classifiers trained on an encoder, each beside its twin from random weights."""

import json
from collections import defaultdict
from typing import Any

from sqlalchemy import select

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.services.runs.lifecycle import find_row
from backend.services.runs.metrics import read_metrics
from backend.stats.leads import lead_verdict, leads, reached
from shared.base.states import RunState
from shared.configs.classifiers import RECIPE
from shared.configs.kinds import RunKind, Trait, kinds_with, values_of
from shared.contract.evaluations import LearningCurve, TwinCurves

KEY = "val/accuracy"
Side = dict[int, RunRow]
"""The newest run of each seed."""


def twin_curves(database: Database, encoder: str) -> list[TwinCurves]:
    """By recipe, newest first. Raises NotFoundError."""
    with database.read() as session:
        find_row(session, encoder)
        kinds = values_of(kinds_with(Trait.CLASSIFIES))
        own = RunRow.config["encoder"].as_string() == encoder
        runs = session.scalars(
            select(RunRow).where(RunRow.kind.in_(kinds), own).order_by(RunRow.created_at)
        ).all()
    tuned: dict[str, Side] = defaultdict(dict)
    scratch: dict[str, Side] = defaultdict(dict)
    for run in runs:
        if run.latest_metrics.get(KEY) is not None:
            side = tuned[_method(run)] if run.kind == RunKind.FINETUNE else scratch[_recipe(run)]
            side[int(run.config["seed"])] = run
    twins = [(side, scratch.pop(_recipe(_any(side)), {})) for side in reversed(list(tuned.values()))]
    alone: list[tuple[Side, Side]] = [({}, side) for side in scratch.values()]
    return [_curves(database, ours, theirs) for ours, theirs in [*twins, *alone]]


def _any(side: Side) -> RunRow:
    return next(iter(side.values()))


def _recipe(run: RunRow) -> str:
    """The settings that a fine-tuning and its twin share."""
    return json.dumps([run.config.get(name) for name in (*RECIPE, "dataset")])


def _method(run: RunRow) -> str:
    return json.dumps([_recipe(run), run.config.get("layer_decay"), run.config.get("checkpoint")])


def _curves(database: Database, tuned: Side, scratch: Side) -> TwinCurves:
    ours, theirs = ({seed: _curve(database, run) for seed, run in side.items()} for side in (tuned, scratch))
    whole = [
        seed
        for seed in sorted(ours.keys() & theirs.keys())
        if tuned[seed].state == scratch[seed].state == RunState.SUCCEEDED
        and ours[seed].epochs == theirs[seed].epochs
    ]
    config: dict[str, Any] = _any(tuned or scratch).config
    reaches = [reached(seed, ours[seed].epochs, ours[seed].accuracy, theirs[seed].accuracy) for seed in whole]
    epochs = ours[whole[0]].epochs if whole else []
    alike = [seed for seed in whole if ours[seed].epochs == epochs]
    found = leads(epochs, [ours[seed].accuracy for seed in alike], [theirs[seed].accuracy for seed in alike])
    return TwinCurves(
        label_fraction=config["label_fraction"],
        epochs=config["epochs"],
        layer_decay=_any(tuned).config["layer_decay"] if tuned else None,
        dataset=config.get("dataset"),
        tuned=[ours[seed] for seed in sorted(ours)],
        scratch=[theirs[seed] for seed in sorted(theirs)],
        leads=found,
        reached=reaches,
        verdict=lead_verdict(found, reaches, config["epochs"]),
    )


def _curve(database: Database, run: RunRow) -> LearningCurve:
    series = read_metrics(database, run.id, keys=[KEY]).series[KEY]
    points = [
        (epoch, value) for epoch, value in zip(series.epoch, series.value, strict=True) if value is not None
    ]
    return LearningCurve(
        run=run.id,
        seed=int(run.config["seed"]),
        epochs=[epoch for epoch, _ in points],
        accuracy=[value for _, value in points],
    )
