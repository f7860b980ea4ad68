"""Writes the table of docs/settings.md and the whole of .env.example from okichat/settings.py (`make docs`)."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from okichat.settings import settings_table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "settings.md"
_MARKED = re.compile(r"(<!-- settings -->\n).*?(<!-- /settings -->)", re.DOTALL)


def table() -> str:
    """The settings as a Markdown table."""
    lines = ["| name | default | what it does |", "|---|---|---|"]
    for row in settings_table():
        default = f"`{row.default}`" if row.default else ""
        unit = f" In {row.unit}." if row.unit else ""
        lines.append(f"| `{row.name}` | {_cell(default)} | {_cell(row.help + unit)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def page(text: str) -> str:
    """The page with its table made new."""
    return _MARKED.sub(lambda match: match[1] + table() + match[2], text)


def env_example() -> str:
    """Every setting, commented out at its default."""
    blocks = [
        "# Copy this file to .env and uncomment what you change; the real environment and .env.local come before it.\n"
    ]
    for row in settings_table():
        unit = f" In {row.unit}." if row.unit else ""
        lines = textwrap.wrap(row.help + unit, 116, break_on_hyphens=False)
        blocks.append("\n".join(f"# {line}" for line in lines))
        blocks.append(f"# {row.name}={_shell(row.default)}\n")
    return "\n".join(blocks)


def _shell(value: str) -> str:
    return f'"{value}"' if re.search(r"[\s;#]", value) else value


def main() -> None:
    """Write both files."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    (ROOT / ".env.example").write_text(env_example(), encoding="utf-8")


if __name__ == "__main__":
    main()
