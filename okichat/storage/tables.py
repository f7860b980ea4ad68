"""Every table, in one place. A change here needs a migration (storage/migrations)."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC, in both engines; SQLite has no time zones of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC, without a zone for SQLite."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: aware, UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Small facts the app keeps for itself, such as its own signing key.
facts = Table(
    "facts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# One row a question. The texts are emptied after the retention, the figures stay.
turns = Table(
    "turns",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation", String(32), nullable=False, index=True),
    Column("asked_at", UtcDateTime, nullable=False, index=True),
    Column("answered_at", UtcDateTime),
    Column("language", String(2), nullable=False),
    Column("question", Text),
    Column("answer", Text),
    Column("answered_by", String(16)),
    Column("citations", JSON),
    Column("suggestions", JSON),
    Column("passed", JSON),
    Column("notice", String(32)),
    Column("confidence", Float),
    Column("model", String(128)),
    Column("input_tokens", Integer),
    Column("cached_input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cost_microusd", BigInteger),
    Column("feedback", String(4)),
    Column("feedback_reason", Text),
    Column("first_word_ms", Integer),  # from the question to the first visible text
    Column("visitor", String(16)),  # an anonymous name that changes daily: guard/visitors.py
    Column("flags", JSON),  # what the guard noticed, as stable words; never texts
    Column("handled", String(16)),  # what the owner did about it: example, topic or ignored
)

# A turn whose texts are erased.
WITHOUT_WORDS = {"question": None, "answer": None, "suggestions": None, "feedback_reason": None}

# What visitors wrote to the humans: kept first, delivered after. `fingerprint` is the same when the same thing is sent twice.
messages = Table(
    "messages",
    metadata,
    Column("reference", String(8), primary_key=True),
    Column("fingerprint", String(64), nullable=False, unique=True),
    Column("received_at", UtcDateTime, nullable=False, index=True),
    Column("language", String(2), nullable=False),
    Column("name", String(120)),
    Column("email", String(254)),
    Column("phone", String(40)),
    Column("text", Text, nullable=False),
    Column("conversation", String(32)),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", UtcDateTime, nullable=False),
    Column("channel", String(16)),
    Column("delivered_at", UtcDateTime),
    Index("messages_state_next_try_at", "state", "next_try_at"),
)

# Money, in millionths of a US dollar. The ledger is only ever added to; each row says by how much it moved the two figures
# of its month, so that `balances` is at any time the sum of its ledger rows. Both are written in the same transaction.
ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("month", String(7), nullable=False),
    Column("kind", String(8), nullable=False),  # reserve, settle, release, correct
    Column("reservation", String(32)),  # empty for a correction
    Column("request", String(64)),
    Column("model", String(128)),
    Column("input_tokens", Integer),  # empty where the usage is not known
    Column("cached_input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("price_version", String(64)),
    Column("spent_change_microusd", BigInteger, nullable=False),
    Column("reserved_change_microusd", BigInteger, nullable=False),
    Column("note", String(200)),
    UniqueConstraint("reservation", "kind", name="uq_ledger_reservation_kind"),
    Index("ledger_month_at", "month", "at"),
)

# One row a month ("2026-11"): what its ledger rows add up to.
balances = Table(
    "balances",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("spent_microusd", BigInteger, nullable=False),
    Column("reserved_microusd", BigInteger, nullable=False),
    Column("refused_microusd", BigInteger),  # the smallest worst case of a call for which there was no money left
)

# The reservations that wait for their call to end. Whoever deletes the row settles it; nobody can a second time.
reservations = Table(
    "reservations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("month", String(7), nullable=False),
    Column("request", String(64), nullable=False),
    Column("model", String(128), nullable=False),
    Column("price_version", String(64), nullable=False),
    Column("amount_microusd", BigInteger, nullable=False),
)

# Complete answers of GPT, given again to the same question; `key` stands for question, language, knowledge, prompt and model.
cached_answers = Table(
    "cached_answers",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("made_at", UtcDateTime, nullable=False, index=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("answer", Text, nullable=False),
)

# What the operator is told, once a period: the month of a budget; of a fault the time it began, "open" while it lasts.
alerts = Table(
    "alerts",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("subject", String(128), primary_key=True),
    Column("period", String(40), primary_key=True),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("facts", JSON, nullable=False),
    Column("state", String(16), nullable=False),  # new, sent, or noted where there was no way to send it
    Column("tries", Integer, nullable=False),
    Column("next_try_at", UtcDateTime, nullable=False),
)

# What was refused or is suspicious, by anonymous visitor; never texts, addresses or keys. The same thing again within a
# minute is counted in its row; after the retention one row an hour and kind is left, without visitor and detail.
security_events = Table(
    "security_events",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("visitor", String(16)),
    Column("detail", String(64)),  # a stable word, such as the code of the refusal
    Column("times", Integer, nullable=False),
)

# What was exported or erased by a human, and by which way; the subject is a reference.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("way", String(16), nullable=False),  # page, dashboard or command
)

# The figures of finished days of the firm's time zone, so that screens do not add up millions of turns.
day_figures = Table(
    "day_figures",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("timezone", String(64), primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("figures", JSON, nullable=False),
)
