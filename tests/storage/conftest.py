"""What the tests of the store share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of the file that the fixture `store` is in."""
    return f"sqlite:///{tmp_path / 'okichat.db'}"
