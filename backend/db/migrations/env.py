"""Alembic's entry: migrates on the connection that backend.db.engine hands over."""

from alembic import context

from backend.db.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
