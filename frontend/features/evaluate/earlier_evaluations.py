"""Evaluations of an encoder: the newest of each setting, and the earlier ones folded below it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from frontend.ui.evaluation_rows import Block, Group, Jobs, group_evaluations
from shared.base.vocabulary import Basis
from shared.contract.evaluations import Evaluation


def fold_earlier(blocks: Sequence[Block], evaluations: Iterable[Evaluation], jobs: Jobs) -> list[Block]:
    """The blocks whose group is the newest of its setting (head, pooling, share of labels, depth setting,
    checkpoint), in order, each with the earlier evaluations of that setting, newest first: those at other
    steps, k or widths, and seeds that a later job repeated."""
    newest: dict[tuple[Any, ...], Block] = {}
    for block in sorted(blocks, key=lambda block: _time_of(block.group)):
        newest[_setting(block.group, jobs)] = block
    shown = {one.id for block in newest.values() for one in block.group.seeds}
    earlier: dict[tuple[Any, ...], list[Group]] = {}
    for group in _earlier_groups(evaluations, shown, jobs):
        earlier.setdefault(_setting(group, jobs), []).append(group)
    return [
        replace(block, earlier=tuple(sorted(earlier.get(setting, ()), key=_time_of, reverse=True)))
        for block in blocks
        if newest[setting := _setting(block.group, jobs)] is block
    ]


def _earlier_groups(evaluations: Iterable[Evaluation], shown: set[str], jobs: Jobs) -> list[Group]:
    """Evaluations not `shown` in any row, grouped by job and setting."""
    by_job: dict[str, list[Evaluation]] = {}
    for one in evaluations:
        if one.basis is Basis.ENCODER and one.id not in shown:
            by_job.setdefault(one.run, []).append(one)
    return [group for found in by_job.values() for group in group_evaluations(found, jobs)]


def _setting(group: Group, jobs: Jobs) -> tuple[Any, ...]:
    """The setting the user chose; for deleted jobs the resulting block and step instead."""
    one = max(group.seeds, key=lambda seed: seed.created_at)
    config = jobs.get(one.run, {})
    depth, step = config.get("depths", one.depth), config.get("checkpoint", one.step)
    return one.encoder, one.dataset_digest, one.head, one.pooling, one.label_fraction, depth, step


def _time_of(group: Group) -> datetime:
    return max(one.created_at for one in group.seeds)
