"""one row a line of metrics, not one a point"""

import struct
from itertools import groupby

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

SETS = sa.table('metric_sets', sa.column('id'), sa.column('run_id'), sa.column('keys', sa.JSON()))
LINES = sa.table('metric_lines', sa.column('id'), sa.column('set_id'), sa.column('step'), sa.column('figures'))
POINTS = sa.text('SELECT run_id, step, epoch, time, id, key, value FROM metrics ORDER BY run_id, step, time, id')


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
    """A line is what was logged at one time. Its id is its last point's, so that a reader's cursor stays."""
    sets: dict[tuple[str, ...], int] = {}
    points = connection.execute(POINTS).all()
    for (run_id, step, _time), group in groupby(points, key=lambda point: (point[0], point[1], point[3])):
        line = list(group)
        keys = [point.key for point in line]
        if (run_id, *keys) not in sets:
            sets[run_id, *keys] = len(sets) + 1
            connection.execute(SETS.insert().values(id=len(sets), run_id=run_id, keys=keys))
        values = [float('nan') if point.value is None else point.value for point in line]
        figures = struct.pack(f'<{2 + len(values)}d', line[0].epoch, line[0].time, *values)
        row = {'id': line[-1].id, 'set_id': sets[run_id, *keys], 'step': step, 'figures': figures}
        connection.execute(LINES.insert().values(**row))
