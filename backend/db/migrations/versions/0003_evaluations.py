"""evaluations of encoders and classifiers"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('evaluations',
    sa.Column('id', sa.String(length=120), nullable=False),
    sa.Column('run_id', sa.String(length=64), nullable=False),
    sa.Column('encoder_id', sa.String(length=64), nullable=True),
    sa.Column('dataset_digest', sa.String(), nullable=False),
    sa.Column('info', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_evaluations_run_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evaluations'))
    )
    with op.batch_alter_table('evaluations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_evaluations_run_id'), ['run_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_evaluations_encoder_id'), ['encoder_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_evaluations_dataset_digest'), ['dataset_digest'], unique=False)
        batch_op.create_index(batch_op.f('ix_evaluations_created_at'), ['created_at'], unique=False)
