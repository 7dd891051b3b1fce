"""order and pause of the queue; tags, note, archive, size and deletion of runs"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('runs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('queue_rank', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('tags', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('note', sa.String(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('archived', sa.Boolean(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('disk_bytes', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('deleted_at', sa.DateTime(), nullable=True))
    with op.batch_alter_table('evaluations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('deleted_at', sa.DateTime(), nullable=True))
    op.execute(
        "UPDATE runs SET queue_rank = (SELECT count(*) FROM runs AS earlier WHERE earlier.lane = runs.lane "
        "AND (earlier.created_at, earlier.id) <= (runs.created_at, runs.id))"
    )
    op.create_table('paused_lanes',
    sa.Column('lane', sa.String(length=8), nullable=False),
    sa.Column('paused_at', sa.DateTime(), nullable=False),
    sa.PrimaryKeyConstraint('lane', name=op.f('pk_paused_lanes'))
    )
