"""What tests in Chromium share: patience, what the browser complains about, and a chat embedded in other people's pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo_site import demo_site
from tests.browser.embedded import ANSWER, Sites
from tests.doubles.openai_server import OpenAIServer
from tests.served import ROOT, clean_environment, configured, gunicorn

expect.set_options(timeout=30_000)  # for a busy machine


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about: errors of scripts, violations of a policy."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if "Security Policy" in message.text else None)
    return found


@pytest.fixture(scope="module")
def served_sites(host: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """All of them, for the whole module."""
    folder = tmp_path_factory.mktemp("chat")
    with demo_site() as site, demo_site() as stranger:
        environment = clean_environment(
            PYTHONPATH=str(ROOT),
            OPENAI_API_KEY="sk-test-key",
            OPENAI_BASE_URL=host.base_url,
            OKICHAT_EMBED_ORIGINS=site.url,
            OKICHAT_RATE_LIMIT="1000 per minute",
            OKICHAT_CACHE_TTL_S="0",
            OKICHAT_THREADS="16",
            OKICHAT_DEADLINE_S="60",
            OKICHAT_FIRST_TOKEN_S="50",
        )
        with gunicorn(folder, *configured("--access-logfile", "-"), environment=environment) as chat:
            site.chat = stranger.chat = chat.url
            yield Sites(chat, site, stranger, host)


@pytest.fixture
def sites(served_sites: Sites) -> Sites:
    """As new."""
    served_sites.model.forget()
    served_sites.model.always_reply(ANSWER)
    served_sites.host.options = ""
    return served_sites
