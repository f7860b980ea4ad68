"""Figures of days, security events and audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go on to this version."""
    _create_audit()
    _create_day_figures()
    _create_security_events()
    _widen_turns()
    _sort_ledger()


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _create_day_figures() -> None:
    op.create_table(
        "day_figures",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("day", "timezone"),
    )


def _create_security_events() -> None:
    op.create_table(
        "security_events",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("visitor", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.String(length=64), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_security_events_at"), "security_events", ["at"], unique=False)


def _widen_turns() -> None:
    op.add_column("turns", sa.Column("first_word_ms", sa.Integer(), nullable=True))
    op.add_column("turns", sa.Column("visitor", sa.String(length=16), nullable=True))
    op.add_column("turns", sa.Column("flags", sa.JSON(), nullable=True))
    op.add_column("turns", sa.Column("handled", sa.String(length=16), nullable=True))


def _sort_ledger() -> None:
    op.drop_index(op.f("ix_ledger_month"), table_name="ledger")
    op.create_index("ledger_month_at", "ledger", ["month", "at"], unique=False)
