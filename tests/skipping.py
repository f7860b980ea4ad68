"""Tests that cannot run here are skipped and say what is missing: tests/reporting.py lists them, and fails the run with CI=true."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.servers import ServerMissing


@contextmanager
def skipped_without_servers() -> Iterator[None]:
    """What is started within needs a program that may not be installed."""
    try:
        yield
    except ServerMissing as missing:
        pytest.skip(str(missing))
