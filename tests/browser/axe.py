"""What axe finds on a page: hindrances for people who do not see it, or not well."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def findings(page: Page) -> list[str]:
    """A line for each."""
    violations = Axe().run(page).response["violations"]
    return [f"{violation['id']}: {node['html']}" for violation in violations for node in violation["nodes"]]
