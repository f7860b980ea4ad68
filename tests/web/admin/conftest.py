"""An app whose owner has a password."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.doubles.clock import StoppedClock
from tests.site import Site
from tests.web.admin.dashboard import PASSWORD, sign_in


@pytest.fixture
def site(open_site: Callable[..., Site], clock: StoppedClock) -> Site:
    """An app without a key, whose owner has a password and is not signed in."""
    return open_site(clock, OKICHAT_ADMIN_PASSWORD=PASSWORD)


@pytest.fixture
def owner(site: Site) -> Site:
    """The same, signed in."""
    assert sign_in(site).status_code == 303
    return site
