"""Write a migration: what tables.py has and the existing migrations do not. Run: python scripts/migration.py <what it does>.

Read what it wrote, and add its number to REVISIONS in okichat/storage/schema.py.
Before the first release 0001 is simply written anew: delete versions/0001_tables.py, then run this with "tables"."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateTableOp, MigrateOperation, UpgradeOps
from sqlalchemy import create_engine

from okichat.storage import schema
from okichat.storage.tables import UtcDateTime, metadata

VERSIONS = Path(schema.__file__).with_name("migrations") / "versions"

HEAD = '''"""{title}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go on to this version."""
    {steps}
'''

STEP = """

def {name}() -> None:
    {code}
"""


def main() -> None:
    """Compare a database made by the migrations so far with tables.py and write the difference."""
    if any(word.startswith("-") for word in sys.argv[1:]):
        asked_for = sys.argv[1:] in (["-h"], ["--help"])
        print(__doc__, file=sys.stdout if asked_for else sys.stderr)
        sys.exit(0 if asked_for else 2)
    words = " ".join(sys.argv[1:]) or "tables"
    existing = sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
    number = f"{len(existing) + 1:04}"
    steps = _steps(existing)
    page = HEAD.format(
        title=words.capitalize(),
        number=number,
        before=existing[-1] if existing else None,
        steps="\n    ".join(f"{name}()" for name in steps) or "pass",
    )
    page += "".join(STEP.format(name=name, code=code) for name, code in steps.items())
    path = VERSIONS / f"{number}_{re.sub(r'[^a-z0-9]+', '_', words.lower())}.py"
    path.write_text(page, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(path)], check=True)
    print(path)


def _steps(existing: list[str]) -> dict[str, str]:
    """The code of every change, one function for each new table so that a reader finds it."""
    steps: dict[str, list[MigrateOperation]] = {}
    with create_engine("sqlite://").connect() as connection:
        if existing:
            schema.upgrade(connection)
        context = MigrationContext.configure(connection)
        operations = produce_migrations(context, metadata).upgrade_ops
        assert operations is not None
        name = "_changes"
        for operation in operations.ops:
            if isinstance(operation, CreateTableOp):
                name = f"_create_{operation.table_name}"
            steps.setdefault(name, []).append(operation)
        return {name: _code(ops, context) for name, ops in steps.items()}


def _code(operations: Sequence[MigrateOperation], context: MigrationContext) -> str:
    code = render_python_code(UpgradeOps(operations), render_item=_render, migration_context=context)
    return re.sub(r"\s*# ### [^\n]*", "", code).strip()


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """The name of our own column type would tie an old migration to the code of today."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


if __name__ == "__main__":
    main()
