"""Tables as files that a spreadsheet opens: nothing in them is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from flask import Response, stream_with_context

from okichat.web.locale import page_locale
from okichat.web.visible import visible

# https://owasp.org/www-community/attacks/CSV_Injection; the wide forms mean the same in some spreadsheets.
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\N{FULLWIDTH EQUALS SIGN}")
_BEGINS_WIDE_FORMULA = ("\N{FULLWIDTH PLUS SIGN}", "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")

Cell = str | int | float | None


def download(name: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """A CSV file; rows are read while it is sent, the first one before."""
    waiting = iter(rows)
    first = list(next(waiting, ()))
    body = _lines(chain([headings], [first] if first else [], waiting), french=page_locale() == "fr")
    response = Response(stream_with_context(body), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def harmless(cell: str) -> str:
    """A cell that no spreadsheet runs: a text that begins like a formula gets an apostrophe in front."""
    shown = visible(cell)
    begins = shown.lstrip(" \N{NO-BREAK SPACE}")
    return f"'{shown}" if begins.startswith(_BEGINS_FORMULA + _BEGINS_WIDE_FORMULA) else shown


def _lines(rows: Iterable[Sequence[Cell]], *, french: bool) -> Iterator[str]:
    yield "\N{ZERO WIDTH NO-BREAK SPACE}"  # by which spreadsheets know UTF-8
    for row in rows:
        line = io.StringIO()
        writer = csv.writer(line, delimiter=";" if french else ",", quoting=csv.QUOTE_ALL)
        writer.writerow(
            [harmless(cell) if isinstance(cell, str) else _figure(cell, "," if french else ".") for cell in row]
        )
        yield line.getvalue()


def _figure(value: float | None, point: str) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6f}".rstrip("0").rstrip(".").replace(".", point)
