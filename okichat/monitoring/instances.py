"""The processes that serve the same visitors, on whatever machines, and whether they are set alike."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from okichat.clock import Clock
from okichat.monitoring.journal import Journal
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.facts import Facts

# One that has not been heard of for this long, twice the upkeep's round and some more, is gone.
_LIFETIME = timedelta(seconds=150)
_TOLD_FOR = timedelta(days=1)
_PREFIX, _TOLD = "instance:", "drift:"

# What may well differ from machine to machine. Folders are compared by what is in them.
_OWN = {
    "database_url", "redis_url", "redis_tls_verify", "port", "host", "web_concurrency", "threads",
    "knowledge", "templates", "prompts", "translations",
}  # fmt: skip

Traits = Mapping[str, str]


def traits_of(settings: Settings, knowledge_version: str, prompt_version: str, secret_key: str) -> dict[str, str]:
    """What must be the same in every process, by name, as short marks that tell whether it is and not what it is."""
    traits: dict[str, str] = {}
    for spec in fields(Settings):
        if spec.name in _OWN:
            continue
        value = getattr(settings, spec.name)
        # Whoever reads the database must not be able to try passwords out.
        shown = value is not None if spec.metadata["secret"] else value
        traits[spec.metadata["name"]] = _mark(repr(shown))
    made = {"knowledge": knowledge_version, "prompt": prompt_version, "SECRET_KEY": secret_key}
    return traits | {name: _mark(version) for name, version in made.items()}


@dataclass(frozen=True, slots=True)
class Company:
    """How many processes there are, and the names of what is not the same in all of them."""

    count: int
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Instance:
    name: str
    at: datetime
    traits: Traits


class Instances:
    """Notes that this process is there, and looks at the others. Methods raise StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock, journal: Journal, traits: Traits) -> None:
        self._facts = Facts(store)
        self._clock = clock
        self._journal = journal
        self._traits = traits
        self._start = secrets.token_hex(8)
        self._first_seen: dict[str, datetime] = {}

    def look(self) -> None:
        """Call it once a minute. Of a setting that differs and goes on to, one of all processes writes the event, once a day.

        What a process that is being replaced by a newly set one has left behind does not count: it is not renewed."""
        now = self._clock.now()
        own = {"at": now.isoformat(), "traits": self._traits}
        self._facts.write(f"{_PREFIX}{self._start}-{os.getpid()}", json.dumps(own))
        self._forget_the_old(now)
        alive = self._alive(now)
        lasting = [each for each in alive if each.at > self._first_seen.setdefault(each.name, each.at)]
        if names := _differing([self._traits, *(each.traits for each in lasting)]):
            self._tell(names, len(alive), now)

    def company(self) -> Company:
        """As it is now."""
        alive = self._alive(self._clock.now())
        return Company(len(alive), _differing([each.traits for each in alive]))

    def _tell(self, names: tuple[str, ...], count: int, now: datetime) -> None:
        token = f"{now.isoformat()} {self._start}-{os.getpid()}"
        ours_to_tell = [name for name in names if self._facts.remember(f"{_TOLD}{name}", token) == token]
        if ours_to_tell:
            self._journal.event("settings_differ", names=", ".join(ours_to_tell), processes=count)

    def _alive(self, now: datetime) -> list[_Instance]:
        found = (_instance(name, value) for name, value in self._facts.starting_with(_PREFIX).items())
        return [each for each in found if now - each.at <= _LIFETIME]

    def _forget_the_old(self, now: datetime) -> None:
        noted = self._facts.starting_with(_PREFIX).items()
        gone = [name for name, value in noted if now - _instance(name, value).at > _LIFETIME]
        for name, token in self._facts.starting_with(_TOLD).items():
            if now - datetime.fromisoformat(token.split()[0]) > _TOLD_FOR:
                gone.append(name)
        self._facts.forget(gone)
        self._first_seen = {name: at for name, at in self._first_seen.items() if name not in gone}


def _instance(name: str, value: str) -> _Instance:
    data = json.loads(value)
    return _Instance(name, datetime.fromisoformat(data["at"]), data["traits"])


def _differing(all_traits: list[Traits]) -> tuple[str, ...]:
    """The names under which not all have the same; a version that lacks one is another version."""
    names = {name for traits in all_traits for name in traits}
    return tuple(sorted(name for name in names if len({traits.get(name) for traits in all_traits}) > 1))


def _mark(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:8]
