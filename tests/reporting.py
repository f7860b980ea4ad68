"""A pytest plug-in: what did not run is listed by name, fails the run with CI=true, and the whole run has a bound."""

from __future__ import annotations

import os
import signal
from types import FrameType

import pytest

BOUND_S = 585  # `make test` stays under ten minutes, also on a machine that is half as slow again as the one these were written on


def _stop(_signal: int, _frame: FrameType | None) -> None:
    pytest.exit(f"The tests were stopped after {BOUND_S} seconds.", returncode=1)


def pytest_sessionstart() -> None:
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(BOUND_S)


def pytest_unconfigure() -> None:
    signal.alarm(0)


def _skipped(config: pytest.Config) -> list[pytest.TestReport | pytest.CollectReport]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return list(reporter.stats.get("skipped", [])) if reporter else []


def _every_test_must_run() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _every_test_must_run() and _skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = _skipped(config)
    if not skipped:
        return
    fails = ", which fails this run because of CI=true" if _every_test_must_run() else ""
    terminalreporter.section(f"{len(skipped)} did not run{fails}", sep="=", yellow=True)
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        terminalreporter.line(f"{report.nodeid}: {reason.removeprefix('Skipped: ')}")
