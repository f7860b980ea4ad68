"""Pictures of the chat in a real browser: `python scripts/screenshots.py http://127.0.0.1:8000 folder`, beside `make run`.

Writes chat.png (desktop), dark.png, phone.png and noscript.png. docs/images/chat.png is the first of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.chromium import find_chromium

QUESTION = "Quels sont vos services ?"
DESKTOP = ViewportSize(width=1100, height=800)
PHONE = ViewportSize(width=390, height=844)


@dataclass(frozen=True)
class Picture:
    """One file and the visitor who sees it so."""

    name: str
    viewport: ViewportSize
    colours: Literal["light", "dark"] = "light"
    scripts: bool = True


PICTURES = (
    Picture("chat", DESKTOP),
    Picture("dark", DESKTOP, colours="dark"),
    Picture("phone", PHONE),
    Picture("noscript", DESKTOP, scripts=False),
)


def take(browser: Browser, url: str, picture: Picture, folder: Path) -> None:
    """Ask one question as this visitor, and keep what is then on the screen."""
    context = browser.new_context(
        viewport=picture.viewport,
        color_scheme=picture.colours,
        java_script_enabled=picture.scripts,
        locale="fr-FR",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    page.fill("#question", QUESTION)
    page.click("#send")
    page.wait_for_selector(".exchange .answer p")
    if picture.scripts:
        page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"{picture.name}.png")
    context.close()


def main(url: str, folder: Path) -> None:
    """Take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium())
        for picture in PICTURES:
            take(browser, url, picture, folder)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]))
