"""The ledger's statements: each function is one step inside a transaction of the caller.

`spent + reserved <= allowed` is checked and claimed by one UPDATE (see `claim`). Two processes cannot both take the last
cent: SQLite lets one writer in at a time, and Postgres makes the second wait for the row and then checks again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, delete, func, insert, literal, select, text, union_all, update

from okichat.storage.tables import balances, ledger, reservations

# Made once: to build a statement takes longer than to run it.
_OF_MONTH = update(balances).where(balances.c.month == bindparam("of_month"))
_LATEST = (
    select(balances).where(balances.c.month >= bindparam("clock_month")).order_by(balances.c.month.desc()).limit(1)
)
_CLAIM_NOTHING = _OF_MONTH.values(
    reserved_microusd=balances.c.reserved_microusd + bindparam("amount", type_=BigInteger)
)
_CLAIM = _CLAIM_NOTHING.where(
    balances.c.spent_microusd + balances.c.reserved_microusd + bindparam("amount", type_=BigInteger)
    <= bindparam("allowed", type_=BigInteger)
)
_MOVE = _OF_MONTH.values(
    spent_microusd=balances.c.spent_microusd + bindparam("spent", type_=BigInteger),
    reserved_microusd=balances.c.reserved_microusd + bindparam("reserved", type_=BigInteger),
)
_INSERT_RESERVATION, _INSERT_ROW = insert(reservations), insert(ledger)
_TAKE_RESERVATION = delete(reservations).where(reservations.c.id == bindparam("of_id")).returning(*reservations.c)


@dataclass(frozen=True, slots=True)
class Balance:
    """One month's running total, in millionths of a US dollar."""

    month: str
    spent_microusd: int = 0
    reserved_microusd: int = 0
    refused_microusd: int | None = None

    @property
    def used_microusd(self) -> int:
        """Spent and reserved."""
        return self.spent_microusd + self.reserved_microusd


def latest_balance(connection: Connection, clock_month: str) -> Balance | None:
    """The month that money is taken from: the clock's, or a later one that has been opened already; None before either.

    A clock that goes back (a skewed machine, a restart without network time) would otherwise open an old month with a
    fresh budget in the middle of one that is spent. Where the later month was wrong: Budget.trust_clock."""
    row = connection.execute(_LATEST, {"clock_month": clock_month}).first()
    return Balance(*row) if row else None


def open_month(connection: Connection, clock_month: str) -> Balance:
    """The month that money is taken from, begun with nothing spent if this is its first call."""
    if balance := latest_balance(connection, clock_month):
        return balance
    _insert_month(connection, clock_month)
    return Balance(clock_month)


def claim(connection: Connection, month: str, amount_microusd: int, allowed_microusd: int) -> bool:
    """Reserve an amount if the month has that much left, in one statement. False if it has not."""
    values = {"of_month": month, "amount": amount_microusd}
    if amount_microusd > 0:
        return connection.execute(_CLAIM, {**values, "allowed": allowed_microusd}).rowcount == 1
    # What costs nothing can exceed nothing, even if the budget was lowered below what is spent.
    return connection.execute(_CLAIM_NOTHING, values).rowcount == 1


def note_refusal(connection: Connection, balance: Balance, amount_microusd: int, allowed_microusd: int) -> None:
    """Remember the smallest call there was no money for; not one that only waits for reservations to be given back."""
    smallest_known = balance.refused_microusd
    if balance.spent_microusd + amount_microusd <= allowed_microusd:
        return
    if smallest_known is not None and smallest_known <= amount_microusd:
        return
    noted = update(balances).where(balances.c.month == balance.month).values(refused_microusd=amount_microusd)
    connection.execute(noted)


def write_reservation(connection: Connection, row: dict[str, Any]) -> None:
    """Record a claim: a row of `reservations` that waits for the end of the call, and the ledger's row."""
    connection.execute(_INSERT_RESERVATION, row)
    connection.execute(
        _INSERT_ROW,
        {
            "at": row["made_at"],
            "month": row["month"],
            "kind": "reserve",
            "reservation": row["id"],
            "request": row["request"],
            "model": row["model"],
            "price_version": row["price_version"],
            "spent_change_microusd": 0,
            "reserved_change_microusd": row["amount_microusd"],
        },
    )


def close(
    connection: Connection,
    reservation_id: str,
    kind: str,
    at: datetime,
    *,
    spent_microusd: int | None = None,
    tokens: tuple[int, int, int] | None = None,
    note: str | None = None,
) -> int | None:
    """End a reservation, in the month in which it was made: `settle` it with what was spent (None: all), or `release` it.

    Gives what had been reserved, or None, and then nothing is changed, if it has been ended before."""
    reservation = connection.execute(_TAKE_RESERVATION, {"of_id": reservation_id}).first()
    if reservation is None:
        return None
    reserved: int = reservation.amount_microusd
    spent = reserved if spent_microusd is None else spent_microusd
    # The month's row is locked before the ledger's row gets its number: read by number, the ledger tells what happened in order.
    _move(connection, reservation.month, spent, -reserved)
    input_tokens, cached_input_tokens, output_tokens = tokens or (None, None, None)
    connection.execute(
        _INSERT_ROW,
        {
            "at": at,
            "month": reservation.month,
            "kind": kind,
            "reservation": reservation_id,
            "request": reservation.request,
            "model": reservation.model,
            "input_tokens": input_tokens,
            "cached_input_tokens": cached_input_tokens,
            "output_tokens": output_tokens,
            "price_version": reservation.price_version,
            "spent_change_microusd": spent,
            "reserved_change_microusd": -reserved,
            "note": note,
        },
    )
    return reserved


def correct(connection: Connection, month: str, at: datetime, amount_microusd: int, why: str) -> None:
    """Add to what a month has spent, or with a negative amount take from it."""
    _move(connection, month, amount_microusd, 0)
    _write_correction(connection, month, at, amount_microusd, why)


def move_later_months(connection: Connection, month: str, at: datetime, why: str) -> list[str]:
    """Take away the months after this one that have no open reservation, and count in this one what they spent."""
    _insert_month(connection, month)
    later = delete(balances).where(balances.c.month > month, balances.c.reserved_microusd == 0)
    closed = connection.execute(later.returning(balances.c.month, balances.c.spent_microusd)).all()
    for later_month, spent_microusd in closed:
        _write_correction(connection, later_month, at, -spent_microusd, why)
        correct(connection, month, at, spent_microusd, why)
    return [later_month for later_month, _ in closed]


def orphans(connection: Connection, made_before: datetime) -> list[str]:
    """The reservations whose call must have ended long ago."""
    return list(connection.scalars(select(reservations.c.id).where(reservations.c.made_at < made_before)))


def differences(connection: Connection, since: str) -> list[str]:
    """Where the running totals are not the sum of the ledger, one line each, of the months from `since` ("2026-11") on.

    One statement, so it may run under load."""
    in_ledger = select(
        ledger.c.month.label("month"),
        ledger.c.spent_change_microusd.label("ledger_spent"),
        ledger.c.reserved_change_microusd.label("ledger_reserved"),
        literal(0).label("spent"),
        literal(0).label("reserved"),
        literal(0).label("open"),
    ).where(ledger.c.month >= since)
    zero = literal(0)
    totals = select(balances.c.month, zero, zero, balances.c.spent_microusd, balances.c.reserved_microusd, zero).where(
        balances.c.month >= since
    )
    waiting = select(reservations.c.month, zero, zero, zero, zero, reservations.c.amount_microusd).where(
        reservations.c.month >= since
    )
    rows = union_all(in_ledger, totals, waiting).subquery()
    sums = [func.sum(column) for column in list(rows.c)[1:]]
    found: list[str] = []
    for month, *figures in connection.execute(
        select(rows.c.month, *sums).group_by(rows.c.month).order_by(rows.c.month)
    ):
        ledger_spent, ledger_reserved, spent, reserved, waits = (int(figure) for figure in figures)
        if ledger_spent != spent:
            found.append(f"{month}: the ledger adds up to {ledger_spent} microdollars spent, the balance says {spent}")
        if not ledger_reserved == reserved == waits:
            found.append(
                f"{month}: the ledger adds up to {ledger_reserved} microdollars reserved, the balance says {reserved}, "
                f"open reservations are {waits}"
            )
    return found


def _insert_month(connection: Connection, month: str) -> None:
    """Does nothing if it is there, also when another process has just been quicker."""
    statement = text(
        "INSERT INTO balances (month, spent_microusd, reserved_microusd) VALUES (:month, 0, 0) ON CONFLICT DO NOTHING"
    )
    connection.execute(statement, {"month": month})


def _write_correction(connection: Connection, month: str, at: datetime, amount_microusd: int, why: str) -> None:
    connection.execute(
        _INSERT_ROW,
        {
            "at": at,
            "month": month,
            "kind": "correct",
            "spent_change_microusd": amount_microusd,
            "reserved_change_microusd": 0,
            "note": why[:200],
        },
    )


def _move(connection: Connection, month: str, spent_microusd: int, reserved_microusd: int) -> None:
    connection.execute(_MOVE, {"of_month": month, "spent": spent_microusd, "reserved": reserved_microusd})
