"""one row a line of metrics, not one a point"""

import struct
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

SETS = sa.table('metric_sets', sa.column('id'), sa.column('run_id'), sa.column('keys', sa.JSON()))
LINES = sa.table('metric_lines', sa.column('id'), sa.column('set_id'), sa.column('step'), sa.column('figures'))
RUNS = sa.text('SELECT DISTINCT run_id FROM metrics ORDER BY run_id')
POINTS = sa.text('SELECT step, epoch, time, id, key, value FROM metrics WHERE run_id = :run ORDER BY step, time, id')


def upgrade() -> None:
    op.create_table('metric_sets',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.String(length=64), nullable=False),
    sa.Column('keys', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_metric_sets_run_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_metric_sets'))
    )
    op.create_index(op.f('ix_metric_sets_run_id'), 'metric_sets', ['run_id'])
    op.create_table('metric_lines',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('set_id', sa.Integer(), nullable=False),
    sa.Column('step', sa.Integer(), nullable=False),
    sa.Column('figures', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['set_id'], ['metric_sets.id'], name=op.f('fk_metric_lines_set_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_metric_lines')),
    sa.UniqueConstraint('set_id', 'step', name=op.f('uq_metric_lines_set_id_step')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_metric_lines_set_id'), 'metric_lines', ['set_id'])
    _copy(op.get_bind())
    op.drop_table('metrics')


def _copy(connection: sa.Connection) -> None:
    """Run by run, so that the points of one are in memory, not of all."""
    last = 0
    for run_id in connection.scalars(RUNS).all():
        sets, lines = _lines(connection.execute(POINTS, {'run': run_id}), last)
        connection.execute(SETS.insert(), [{'id': at, 'run_id': run_id, 'keys': list(keys)} for keys, at in sets.items()])
        connection.execute(LINES.insert(), lines)
        last += len(sets)


def _lines(points: Iterable[sa.Row[Any]], last: int) -> tuple[dict[tuple[str, ...], int], list[dict[str, object]]]:
    """A line is what was logged at one time. Its id is its last point's, so that a reader's cursor stays. Ids of sets go
    on after `last`."""
    sets: dict[tuple[str, ...], int] = {}
    lines = []
    for (step, _time), group in groupby(points, key=lambda point: (point.step, point.time)):
        line = list(group)
        set_id = sets.setdefault(tuple(point.key for point in line), last + len(sets) + 1)
        values = [float('nan') if point.value is None else point.value for point in line]
        figures = struct.pack(f'<{2 + len(values)}d', line[0].epoch, line[0].time, *values)
        lines.append({'id': line[-1].id, 'set_id': set_id, 'step': step, 'figures': figures})
    return sets, lines
