"""Lighthouse's scores of the chat as gunicorn serves it: `make lighthouse`. Needs npx, Chromium, and npm's registry once.

Ends with 1 where a score is below 100, with 2 where Lighthouse cannot run. A busy machine only lowers the score of
performance, so the best of three runs counts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.chromium import find_chromium
from tests.served import ROOT, clean_environment, configured, gunicorn

PAGES = ("/", "/contact", "/confidentialite")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
# Lighthouse asks for a newer Node than many systems have, and npm has that too.
LIGHTHOUSE = ("npx", "--yes", "-p", "node@22", "-p", "lighthouse@13.5.0", "lighthouse")
RUNS = 3
BOUND_S = 300


def scores(url: str, chromium: str) -> dict[str, int]:
    """The score of each category in one run, 0 to 100. Raises CalledProcessError with what Lighthouse said."""
    command = (
        *LIGHTHOUSE,
        url,
        "--quiet",
        "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags=--headless=new --no-sandbox --accept-lang=fr",
    )
    done = subprocess.run(
        command, env=os.environ | {"CHROME_PATH": chromium}, capture_output=True, text=True, check=True, timeout=BOUND_S
    )
    return {name: round(100 * found["score"]) for name, found in json.loads(done.stdout)["categories"].items()}


def best_scores(url: str, chromium: str) -> dict[str, int]:
    """The best of up to RUNS runs, category by category."""
    best: dict[str, int] = {}
    for _ in range(RUNS):
        found = scores(url, chromium)
        best = {name: max(found[name], best.get(name, 0)) for name in found}
        if set(best.values()) == {100}:
            break
    return best


def main() -> int:
    """Print one line for each page."""
    chromium = find_chromium()
    missing = [name for name, there in (("npx (of Node)", shutil.which("npx")), ("Chromium", chromium)) if not there]
    if missing or chromium is None:
        print(f"Lighthouse did not run: there is no {' and no '.join(missing)}.", file=sys.stderr)
        return 2
    environment = clean_environment(PYTHONPATH=str(ROOT), OKICHAT_CONTACT_PHONE="01 99 00 12 34")
    is_perfect = True
    with tempfile.TemporaryDirectory() as folder, gunicorn(Path(folder), *configured(), environment=environment) as app:
        for page in PAGES:
            try:
                found = best_scores(app.url + page, chromium)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                said = str(error.stderr or "").strip() or str(error)
                print(f"Lighthouse did not run:\n{said}", file=sys.stderr)
                return 2
            print(f"{page:18}" + "   ".join(f"{name} {score}" for name, score in found.items()), flush=True)
            is_perfect = is_perfect and set(found.values()) == {100}
    return 0 if is_perfect else 1


if __name__ == "__main__":
    sys.exit(main())
