"""Attack the app in every way docs/security.md tells of, and say what came of it: `make attack`.

    make attack                                    everything, an hour or more
    make attack ARGS="--only forms --forms 1000"   one of: api, forms, site, headers, timing

Ends with 1 where something was found, with 2 where a tool could not run."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.attack.fuzzing import attack_forms
from tests.attack.outcome import Outcome
from tests.attack.timing import measure_refusals
from tests.attack.tools import attack_api, attack_site, grade_headers

KINDS = ("headers", "timing", "forms", "api", "site")


def outcomes(chosen: argparse.Namespace, folder: Path) -> Iterator[Outcome]:
    """One after the other, each with a folder of its own."""
    attacks: dict[str, Callable[[Path], list[Outcome]]] = {
        "headers": lambda place: [grade_headers(place)],
        "timing": lambda place: measure_refusals(place, chosen.tries),
        "forms": lambda place: [attack_forms(place, chosen.forms, chosen.seed)],
        "api": lambda place: [attack_api(place, chosen.api)],
        "site": lambda place: [attack_site(place, chosen.minutes)],
    }
    for kind in chosen.only or KINDS:
        place = folder / kind
        place.mkdir()
        yield from attacks[kind](place)


def main() -> int:
    """Print a line for each attack, and below them what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=KINDS, action="append", help="this attack alone; may be given several times")
    parser.add_argument("--forms", type=int, default=20_000, help="requests with fuzzed forms")
    parser.add_argument("--api", type=int, default=5_000, help="cases for schemathesis")
    parser.add_argument("--tries", type=int, default=4_000, help="wrong passwords and tokens of each kind")
    parser.add_argument(
        "--minutes", type=float, default=5, help="the longest that wapiti crawls, and that a module takes"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the fuzzed forms")
    logging.disable(logging.CRITICAL)  # every refusal is also an event on the log
    with tempfile.TemporaryDirectory(prefix="okichat-attack-") as folder:
        done = []
        for outcome in outcomes(parser.parse_args(), Path(folder)):
            print(f"| {outcome.attack} | {outcome.figures} | {outcome.verdict} |", flush=True)
            done.append(outcome)
    for outcome in done:
        for line in (*outcome.findings, *filter(None, [outcome.missing])):
            print(f"\n{outcome.attack}: {line}", file=sys.stderr)
    if any(outcome.findings for outcome in done):
        return 1
    return 2 if any(outcome.missing for outcome in done) else 0


if __name__ == "__main__":
    sys.exit(main())
