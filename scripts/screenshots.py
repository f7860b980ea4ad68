"""Pictures of every state of the chat in a real browser: `python scripts/screenshots.py folder [state…]`.

Each state is taken at 360, 768 and 1440 px, light and dark, those that work without JavaScript also so:
`folder/state-360-dark.png`. `python scripts/screenshots.py --docs` renews the pictures in docs/images instead."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from scripts.stage import Stage, stage
from scripts.states import STATES, State
from tests.chromium import find_chromium

SIZES = (
    ViewportSize(width=360, height=740),
    ViewportSize(width=768, height=1024),
    ViewportSize(width=1440, height=900),
)
IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_VISITORS = count(1)
PICTURES = {  # of docs/images: the state, and the window it is seen in
    "chat": ("answer", ViewportSize(width=1100, height=800)),
    "phone": ("long-thread", ViewportSize(width=390, height=780)),
    "contact": ("contact", ViewportSize(width=1100, height=760)),
    "widget": ("widget-answer", ViewportSize(width=1100, height=760)),
    "brand": ("brand", ViewportSize(width=1100, height=760)),
}


def take(
    browser: Browser, stage: Stage, state: State, size: ViewportSize, scheme: Scheme, scripts: bool, file: Path
) -> None:
    """One picture, by a visitor of its own: the limits of the contact form are per address."""
    context = browser.new_context(
        viewport=size,
        color_scheme=scheme,
        java_script_enabled=scripts,
        locale="fr-FR",
        reduced_motion="reduce",
        extra_http_headers={"X-Forwarded-For": f"198.51.100.{next(_VISITORS)}"},
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    state.reach(page, stage)
    page.screenshot(path=file, full_page=state.whole)
    context.close()


def everything(folder: Path, wanted: list[str]) -> Iterator[tuple[State, ViewportSize, Scheme, bool, Path]]:
    """All pictures of the wanted states, or of all of them."""
    for state in STATES:
        if wanted and state.name not in wanted:
            continue
        for scripts in state.scripts:
            for size in SIZES:
                for scheme in SCHEMES:
                    name = f"{state.name}-{size['width']}-{scheme}{'' if scripts else '-noscript'}.png"
                    yield state, size, scheme, scripts, folder / name


def for_docs() -> Iterator[tuple[State, ViewportSize, Scheme, bool, Path]]:
    """Those of docs/images."""
    by_name = {state.name: state for state in STATES}
    for name, (state, size) in PICTURES.items():
        shown = by_name[state]
        yield State(shown.name, shown.reach), size, "light", True, IMAGES / f"{name}.png"


def main(arguments: list[str]) -> None:
    """Take them all."""
    folder = Path(arguments[0])
    pictures = for_docs() if arguments == ["--docs"] else everything(folder, arguments[1:])
    if arguments != ["--docs"]:
        folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, stage() as where:
        browser = playwright.chromium.launch(executable_path=find_chromium())
        for picture in pictures:
            take(browser, where, *picture)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
