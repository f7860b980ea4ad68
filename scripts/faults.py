"""Break the model's host in every known way, ask in every way there is, and write the table into docs/reliability.md.

    make faults

Ends with an error if there is a hole: a question without a whole answer in time, an event or a cent that is not recorded."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.faults.asking import WAYS  # noqa: E402 - only after the repository is on the path
from tests.faults.matrix import KINDS, Cell, Matrix  # noqa: E402
from tests.faults.served import DEADLINE_S  # noqa: E402

DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- written by make faults: begin -->", "<!-- end -->"


def main() -> int:
    """Work through the matrix, write the table, and say how it went."""
    logging.disable(logging.CRITICAL)  # every fault is also an event on the log
    with Matrix() as matrix:
        waiting = {kind: matrix.row(kind) for kind in KINDS}
        rows = {kind: row.result() for kind, row in waiting.items()}
    document = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = document.partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}", encoding="utf-8")
    holes = [
        f"{cell.kind}, {cell.way}: {'; '.join(cell.holes)}"
        for row in rows.values()
        for cell in row.values()
        if cell.holes
    ]
    print(
        f"{len(rows)} faults, {len(rows) * len(WAYS)} questions, {len(holes)} holes: see {DOCUMENT.relative_to(ROOT)}"
    )
    print(*holes, sep="\n")
    return 1 if holes else 0


def table(rows: dict[str, dict[str, Cell]]) -> str:
    """The matrix as Markdown, one line a fault."""
    questions = sum(len(row) for row in rows.values())
    holes = sum(bool(cell.holes) for row in rows.values() for cell in row.values())
    slowest_s = max(cell.reply.took_s for row in rows.values() for cell in row.values())
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}: {len(rows)} faults, {questions} questions, **{holes} holes**. "
        f"The deadline was {DEADLINE_S:g} s, the slowest answer took {slowest_s:.1f} s.",
        "",
        f"| fault | {' | '.join(WAYS)} | slowest | calls | what the operator reads | money |",
        f"|---|{'---|' * len(WAYS)}---|---|---|---|",
    ]
    return "\n".join([*lines, *(_line(kind, row) for kind, row in rows.items())])


def _line(kind: str, row: dict[str, Cell]) -> str:
    answered = " | ".join(_answered(row[way]) for way in WAYS)
    cells = list(row.values())
    slowest_s = max(cell.reply.took_s for cell in cells)
    calls = max(cell.calls for cell in cells)
    reasons = ", ".join(sorted({reason for cell in cells for reason in cell.reasons})) or "nothing: it is answered"
    money = ", ".join(sorted({cell.money for cell in cells}))
    return f"| {kind.replace('_', ' ')} | {answered} | {slowest_s:.1f} s | {calls} | {reasons.replace('_', ' ')} | {money} |"


def _answered(cell: Cell) -> str:
    return f"**{'; '.join(cell.holes)}**" if cell.holes else cell.reply.answered_by


if __name__ == "__main__":
    sys.exit(main())
