"""columns and kinds under the names that the code now uses"""

from alembic import op


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

RENAMED = {
    'probe_digest': 'eval_dataset_digest',
    'fruitless_losses': 'crashes_since_checkpoint',
    'latest': 'latest_metrics',
    'initial': 'initial_metrics',
}


def upgrade() -> None:
    for old, new in RENAMED.items():
        op.execute(f'ALTER TABLE runs RENAME COLUMN {old} TO {new}')
    op.execute("UPDATE runs SET kind = 'import_model' WHERE kind = 'adopt'")
