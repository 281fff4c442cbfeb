"""How Alembic reaches the database: by the connection that `migrate.upgrade` holds, in its transaction."""

from alembic import context

from assay.team.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
    transactional_ddl=False,  # the transaction is the caller's
)
context.run_migrations()
