"""What Alembic runs for every command: the connection, and the transaction, are the caller's (storage/schema.py)."""

from __future__ import annotations

from alembic import context

from okichat.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
