"""a dataset's description; the dataset that a run is judged on"""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('datasets', schema=None) as batch_op:
        batch_op.add_column(sa.Column('description', sa.String(), server_default='', nullable=False))
    with op.batch_alter_table('runs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('probe_digest', sa.String(), nullable=True))
    op.execute("UPDATE runs SET probe_digest = dataset_digest")
