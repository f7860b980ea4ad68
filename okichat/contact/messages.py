"""Messages from visitors to the humans: kept under a reference first, then followed until delivered and answered."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from okichat.clock import Clock
from okichat.contact.message import Message
from okichat.errors import StoreUnavailable
from okichat.storage.engine import Store
from okichat.storage.tables import messages

_REFERENCE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # base32: no digit that reads as a letter
_REFERENCE_CHARS = 8
_REFERENCE = re.compile(f"[{_REFERENCE_ALPHABET}]{{{_REFERENCE_CHARS}}}")

# Longer than the longest try, so that nobody else takes a message that is just being delivered.
_FIRST_RETRY_S = 120
_LAST_RETRY_S = 3600


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A message as it is kept. state: new (not delivered yet), delivered or answered; channel: mail or webhook."""

    reference: str
    message: Message
    received_at: datetime
    conversation: str | None
    state: str
    tries: int
    next_try_at: datetime
    channel: str | None
    delivered_at: datetime | None


class Messages:
    """The messages in the store. Every method raises StoreUnavailable when the database does not answer."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def keep(self, message: Message, conversation: str | None = None) -> str:
        """Keep a message and return its reference, which the visitor is shown.

        The same message sent again on the same day gets the reference it already has. `conversation` is kept only where
        the visitor agreed to it."""
        now = self._clock.now()
        fingerprint = _fingerprint(message, now)
        row = {
            "reference": _new_reference(),
            "fingerprint": fingerprint,
            "received_at": now,
            "language": message.language,
            "name": message.name,
            "email": message.email,
            "phone": message.phone,
            "text": message.text,
            "conversation": conversation if message.with_conversation else None,
            "state": "new",
            "tries": 0,
            "next_try_at": now,
        }
        try:
            with self._store.write(insist=True) as connection:
                known = _reference_of(connection, fingerprint)
                if known is None:
                    connection.execute(insert(messages).values(row))
                return known or str(row["reference"])
        except StoreUnavailable as error:
            # On Postgres two sendings at once can both find nothing; the later one then meets the unique fingerprint.
            if not isinstance(error.__cause__, IntegrityError):
                raise
            with self._store.read() as connection:
                known = _reference_of(connection, fingerprint)
            if known is None:
                raise
            return known

    def claim(self) -> KeptMessage | None:
        """Take the message that has waited longest for its next try; None when none is due.

        One statement takes it and sets the try after this one, so that of several processes one delivers it, and a
        process that dies meanwhile only delays it."""
        now = self._clock.now()
        due = and_(messages.c.state == "new", messages.c.next_try_at <= now)
        first = select(messages).where(due).order_by(messages.c.next_try_at).limit(1)
        while True:
            with self._store.read() as connection:
                row = connection.execute(first).one_or_none()
            if row is None:
                return None
            tries = row.tries + 1
            still_free = and_(messages.c.reference == row.reference, messages.c.tries == row.tries, due)
            next_try_at = now + timedelta(seconds=retry_after_s(tries))
            if self._change(still_free, {"tries": tries, "next_try_at": next_try_at}) == 1:
                return _kept(row, tries=tries)

    def delivered(self, reference: str, channel: str) -> None:
        """Note that a message has reached the humans, and how."""
        values = {"state": "delivered", "channel": channel, "delivered_at": self._clock.now()}
        self._change(and_(messages.c.reference == reference, messages.c.state == "new"), values)

    def answered(self, reference: str) -> bool:
        """Note that a human has answered; whether there is such a message."""
        return self._change(messages.c.reference == reference, {"state": "answered"}) == 1

    def newest(self, limit: int, *states: str) -> list[KeptMessage]:
        """The last messages, newest first; of those states only, where any is named."""
        which = (messages.c.state.in_(states),) if states else ()
        newest_first = select(messages).where(*which).order_by(messages.c.received_at.desc()).limit(limit)
        with self._store.read() as connection:
            rows: Sequence[Row[Any]] = connection.execute(newest_first).all()
        return [_kept(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many messages are new (not delivered yet), delivered and answered."""
        with self._store.read() as connection:
            rows = connection.execute(select(messages.c.state, func.count()).group_by(messages.c.state)).all()
        return {"new": 0, "delivered": 0, "answered": 0} | {str(state): int(count) for state, count in rows}

    def erase_before(self, moment: datetime) -> int:
        """Erase the messages received before `moment`, save those that wait to be delivered; how many there were."""
        with self._store.write() as connection:
            old = and_(messages.c.received_at < moment, messages.c.state != "new")
            erased: int = connection.execute(delete(messages).where(old)).rowcount
            return erased

    def find(self, reference: str) -> KeptMessage | None:
        """The message with this reference."""
        with self._store.read() as connection:
            row = connection.execute(select(messages).where(messages.c.reference == reference)).one_or_none()
        return _kept(row) if row else None

    def erase(self, reference: str) -> None:
        """Erase one message, also one that waits to be delivered."""
        with self._store.write(insist=True) as connection:
            connection.execute(delete(messages).where(messages.c.reference == reference))

    def forget_conversation(self, conversation: str) -> int:
        """Detach an erased conversation from the messages it goes with; how many there were."""
        return self._change(messages.c.conversation == conversation, {"conversation": None})

    def _change(self, which: ColumnElement[bool], values: dict[str, Any]) -> int:
        with self._store.write(insist=True) as connection:
            changed: int = connection.execute(update(messages).where(which).values(values)).rowcount
            return changed


def _new_reference() -> str:
    """Eight letters and digits that nobody can guess."""
    return "".join(secrets.choice(_REFERENCE_ALPHABET) for _ in range(_REFERENCE_CHARS))


def is_reference(text: str) -> bool:
    """Whether this could be the reference of a message."""
    return _REFERENCE.fullmatch(text) is not None


def retry_after_s(tries: int) -> int:
    """How long to wait after this many tries: two minutes, then twice as long each time, up to an hour."""
    return min(_FIRST_RETRY_S << min(tries - 1, 10), _LAST_RETRY_S)


def _fingerprint(message: Message, now: datetime) -> str:
    """The same for the same words from the same person on the same day, e.g. when a form is sent twice."""
    parts = (now.date().isoformat(), message.email or "", message.phone or "", message.text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _reference_of(connection: Connection, fingerprint: str) -> str | None:
    same = select(messages.c.reference).where(messages.c.fingerprint == fingerprint)
    return connection.execute(same).scalar_one_or_none()


def _kept(row: Row[Any], tries: int | None = None) -> KeptMessage:
    message = Message(
        text=row.text,
        email=row.email,
        phone=row.phone,
        name=row.name,
        with_conversation=row.conversation is not None,
        language=row.language,
    )
    return KeptMessage(
        reference=row.reference,
        message=message,
        received_at=row.received_at,
        conversation=row.conversation,
        state=row.state,
        tries=row.tries if tries is None else tries,
        next_try_at=row.next_try_at,
        channel=row.channel,
        delivered_at=row.delivered_at,
    )
