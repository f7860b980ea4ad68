"""How long the app takes to refuse a password or a token that is nearly right, and one that is not right at all."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.attack.fuzzing import OWNER_PASSWORD, fuzzed_site
from tests.attack.outcome import Outcome
from tests.site import Site

_TOKEN = "jeton-de-prometheus-0123"
_TELLING_Z = 4.0  # 1 in 16,000 by chance


def measure_refusals(folder: Path, tries: int) -> list[Outcome]:
    """Two lines: the owner's password and the token for the figures, each refused `tries` times in both ways."""
    with fuzzed_site(folder, OKICHAT_METRICS_TOKEN=_TOKEN) as site:
        return [
            _compare("time to refuse a password", _password(site), OWNER_PASSWORD, tries),
            _compare("time to refuse a token", _token(site), _TOKEN, tries),
        ]


def _password(site: Site) -> Callable[[str, int], None]:
    def refused(guess: str, number: int) -> None:
        somebody = {"REMOTE_ADDR": f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"}
        reply = site.client.post("/admin/sign-in", data={"password": guess}, environ_overrides=somebody)
        assert reply.status_code == 403

    return refused


def _token(site: Site) -> Callable[[str, int], None]:
    def refused(guess: str, _number: int) -> None:
        assert site.client.get("/metrics", headers={"Authorization": f"Bearer {guess}"}).status_code == 401

    return refused


def _compare(name: str, refused: Callable[[str, int], None], right: str, tries: int) -> Outcome:
    """All but the last letter right, against no letter right, in a random order."""
    guesses = {True: right[:-1] + "#", False: "#" * len(right)}
    kinds = [True, False] * tries
    random.Random(1).shuffle(kinds)
    took_ns: dict[bool, list[int]] = {True: [], False: []}
    for number, kind in enumerate(kinds):
        begun_ns = time.perf_counter_ns()
        refused(guesses[kind], number)
        took_ns[kind].append(time.perf_counter_ns() - begun_ns)
    z = rank_z(took_ns[True], took_ns[False])
    nearly_us, wrong_us = (median(took_ns[kind]) / 1000 for kind in (True, False))
    figures = f"{tries} each: {nearly_us:.0f} µs nearly right, {wrong_us:.0f} µs wrong, z = {z:.1f}"
    return Outcome(name, figures, (f"the time tells: {figures}",) if abs(z) > _TELLING_Z else ())


def rank_z(some: list[int], others: list[int]) -> float:
    """Mann and Whitney's: by how many standard deviations the ranks of `some` differ from those of `others`."""
    marked = sorted([(value, True) for value in some] + [(value, False) for value in others])
    ranks = sum(rank for rank, (_, is_some) in enumerate(marked, 1) if is_some)
    first, second = len(some), len(others)
    expected = first * (first + second + 1) / 2
    return (ranks - expected) / math.sqrt(first * second * (first + second + 1) / 12)
