"""ids of notices grow for ever, whichever are deleted"""

from alembic import op


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('notices', recreate='always', table_kwargs={'sqlite_autoincrement': True}):
        pass
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'notices'")
    op.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'notices', max("
        "coalesce((SELECT max(id) FROM notices), 0), coalesce((SELECT max(sent_id) FROM webhook), 0))"
    )
