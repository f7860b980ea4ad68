"""Prepared answers: which are kept, for how long, for whom, and what happens while their shelf is away."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from okichat.answer import Answer, Citation, Usage
from okichat.cache import shelf as shelf_module
from okichat.cache.answers import AnswerCache
from okichat.cache.redis_shelf import RedisShelf
from okichat.cache.shelf import Kept, ShelfAway, StoreShelf
from okichat.knowledge.library import Library, load_library
from okichat.monitoring.journal import Fact, Journal
from okichat.storage.engine import Store
from okichat.storage.tables import cached_answers
from tests.cache.conftest import OpenShelf
from tests.doubles.clock import StoppedClock
from tests.servers import RedisServer

ANSWER = Answer(
    "Nous **tenons** vos comptes.",
    "gpt",
    (Citation("comptes", "Comptes", "https://example.fr"),),
    confidence=0.9,
    usage=Usage("model", 900, 0, 40, 110),
)
OpenCache = Callable[..., AnswerCache]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    folder = tmp_path / "knowledge"
    (folder / "fr").mkdir(parents=True)
    page = "---\ntitle: Comptes\nquestions:\n  - Tenez-vous les comptes ?\nvalid_until: 2026-11-24\n---\nOui.\n"
    (folder / "fr" / "comptes.md").write_text(page.replace("valid_until: 2026-11-24\n", ""))
    (folder / "fr" / "offre.md").write_text(page.replace("Comptes", "Offre").replace("les comptes", "une offre"))
    return load_library(folder, {})


@pytest.fixture
def open_cache(open_shelf: OpenShelf, library: Library, clock: StoppedClock) -> OpenCache:
    """Opens the cache as another process would, with nothing in memory."""

    def open_cache(lifetime_s: int = 3600) -> AnswerCache:
        return AnswerCache(open_shelf(), library, clock, lifetime_s=lifetime_s, timezone="Europe/Paris")

    return open_cache


def test_another_process_gives_the_same_answer_for_nothing(open_cache: OpenCache) -> None:
    cache = open_cache()
    cache.keep("key", ANSWER, "fr")
    prepared = dataclasses.replace(ANSWER, answered_by="cache", usage=None)

    assert cache.remembered("key") == prepared
    assert open_cache().find("key") == prepared
    assert open_cache().find("other") is None


def test_an_answer_lives_as_long_as_the_setting_says(open_cache: OpenCache, clock: StoppedClock) -> None:
    cache = open_cache()
    cache.keep("key", ANSWER, "fr")
    other = open_cache()
    clock.forward(seconds=3599)
    assert other.find("key")
    clock.forward(seconds=1)
    assert (cache.find("key"), other.find("key"), open_cache().find("key")) == (None, None, None)


def test_a_lifetime_of_nothing_keeps_nothing(open_cache: OpenCache) -> None:
    cache = open_cache(lifetime_s=0)
    cache.keep("key", ANSWER, "fr")
    assert (cache.find("key"), open_cache().find("key")) == (None, None)


def test_an_answer_ends_with_the_last_day_of_its_topic(open_cache: OpenCache, clock: StoppedClock) -> None:
    cache = open_cache(lifetime_s=7 * 86400)
    offer = dataclasses.replace(ANSWER, citations=(*ANSWER.citations, Citation("offre", "Offre")))
    cache.keep("key", offer, "fr")
    clock.stand_at(clock.now().replace(day=24, hour=22, minute=59))  # 23:59 in Paris
    assert cache.find("key")
    clock.forward(minutes=1)
    assert (cache.find("key"), open_cache().find("key")) == (None, None)
    cache.keep("key", offer, "fr")
    assert cache.find("key") is None


def test_an_answer_ends_with_the_eve_of_the_first_day_of_its_topic(
    open_shelf: OpenShelf, clock: StoppedClock, tmp_path: Path
) -> None:
    page = "---\ntitle: Prime\nquestions:\n  - Une prime ?\nvalid_from: 2026-11-25\n---\nOui.\n"
    (tmp_path / "knowledge" / "fr").mkdir(parents=True)
    (tmp_path / "knowledge" / "fr" / "prime.md").write_text(page)
    library = load_library(tmp_path / "knowledge", {})
    cache = AnswerCache(open_shelf(), library, clock, lifetime_s=7 * 86400, timezone="Europe/Paris")
    early = dataclasses.replace(ANSWER, citations=(Citation("prime", "Prime"),))
    cache.keep("key", early, "fr")
    clock.stand_at(clock.now().replace(day=24, hour=22, minute=59))
    assert cache.find("key")
    clock.forward(minutes=1)
    assert cache.find("key") is None
    cache.keep("key", early, "fr")
    assert cache.find("key")


@pytest.mark.parametrize(
    "answer",
    [
        dataclasses.replace(ANSWER, answered_by="local"),
        dataclasses.replace(ANSWER, answered_by="handoff"),
        dataclasses.replace(ANSWER, text="Nous tenons vos…"),
        dataclasses.replace(ANSWER, notice="timeout"),
    ],
)
def test_only_whole_answers_of_gpt_are_kept(answer: Answer, library: Library, clock: StoppedClock) -> None:
    kept = KeptInMemory()
    cache = AnswerCache(kept, library, clock, lifetime_s=3600, timezone="Europe/Paris")
    cache.keep("key", answer, "fr")
    assert (cache.find("key"), kept.answers) == (None, {})


class KeptInMemory:
    """A shelf that shows what lies on it."""

    def __init__(self) -> None:
        self.answers: dict[str, Kept] = {}

    def read(self, key: str) -> Kept | None:
        return self.answers.get(key)

    def write(self, key: str, kept: Kept) -> None:
        self.answers[key] = kept


def test_the_oldest_answers_go_when_there_are_too_many(
    open_cache: OpenCache, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("shelf", "redis_shelf"):
        monkeypatch.setattr(f"okichat.cache.{module}.MOST_ANSWERS", 3)
    cache = open_cache()
    for number in range(5):
        cache.keep(f"many-{number}", ANSWER, "fr")
        clock.forward(seconds=1)
    other = open_cache()
    assert [other.find(f"many-{number}") is not None for number in range(5)] == [False, False, True, True, True]


def test_a_process_remembers_the_newest_four_hundred_answers(library: Library, clock: StoppedClock) -> None:
    cache = AnswerCache(KeptInMemory(), library, clock, lifetime_s=3600, timezone="Europe/Paris")
    for number in range(500):
        cache.keep(f"key-{number}", ANSWER, "fr")
    remembered = [number for number in range(500) if cache.remembered(f"key-{number}")]
    assert remembered == list(range(100, 500))


def test_what_was_asked_for_lately_stays_in_memory(library: Library, clock: StoppedClock) -> None:
    cache = AnswerCache(KeptInMemory(), library, clock, lifetime_s=3600, timezone="Europe/Paris")
    for number in range(400):
        cache.keep(f"key-{number}", ANSWER, "fr")
    assert cache.remembered("key-0")
    cache.keep("one more", ANSWER, "fr")

    assert cache.remembered("key-0")
    assert cache.remembered("key-1") is None


def test_what_may_no_longer_be_given_goes_from_the_database_with_the_next_answer(
    store: Store, library: Library, clock: StoppedClock, journal: Journal
) -> None:
    def keep(key: str) -> None:
        shelf = StoreShelf(store, clock, journal)
        AnswerCache(shelf, library, clock, lifetime_s=60, timezone="Europe/Paris").keep(key, ANSWER, "fr")

    keep("old")
    clock.forward(seconds=61)
    keep("new")

    with store.read() as connection:
        assert connection.scalars(select(cached_answers.c.key)).all() == ["new"]


def test_the_same_answer_may_be_written_twice(open_cache: OpenCache) -> None:
    cache = open_cache()
    cache.keep("key", ANSWER, "fr")
    cache.keep("key", dataclasses.replace(ANSWER, text="Autrement."), "fr")
    found = open_cache().find("key")
    assert found
    assert found.text == "Autrement."


@pytest.fixture
def events(journal: Journal) -> list[tuple[str, dict[str, Fact]]]:
    heard: list[tuple[str, dict[str, Fact]]] = []
    journal.listen(lambda name, facts: heard.append((name, facts)))
    return heard


@pytest.fixture(params=["killed", "hanging"])
def broken_redis(
    request: pytest.FixtureRequest,
    redis: RedisServer,
    clock: StoppedClock,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RedisShelf]:
    """A shelf whose Redis has been there a moment ago. However long it takes, nobody waits for it twice."""
    monkeypatch.setattr("okichat.cache.redis_shelf._TIMEOUT_S", 3.0)
    monkeypatch.setattr(shelf_module, "_PAUSE_S", 600.0)
    shelf = RedisShelf(redis.url, clock, journal)
    assert shelf.read("key") is None
    os.kill(redis.pid, signal.SIGKILL if request.param == "killed" else signal.SIGSTOP)
    yield shelf
    if request.param == "hanging":
        os.kill(redis.pid, signal.SIGCONT)


def test_redis_away_costs_one_short_wait_and_one_event(
    broken_redis: RedisShelf, library: Library, clock: StoppedClock, events: list[tuple[str, dict[str, Fact]]]
) -> None:
    cache = AnswerCache(broken_redis, library, clock, lifetime_s=3600, timezone="Europe/Paris")
    assert [cache.find(f"key-{number}") for number in range(1000)] == [None] * 1000
    cache.keep("key", ANSWER, "fr")
    assert cache.find("key") is not None
    assert [(name, facts["room"]) for name, facts in events] == [("cache_unavailable", "redis")]


def test_redis_is_asked_again_once_it_is_back(
    redis: RedisServer, clock: StoppedClock, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "_PAUSE_S", 0.0)
    monkeypatch.setattr("okichat.cache.redis_shelf._TIMEOUT_S", 3.0)
    shelf = RedisShelf(redis.url, clock, journal)
    os.kill(redis.pid, signal.SIGSTOP)
    with pytest.raises(ShelfAway):
        shelf.read("key")
    os.kill(redis.pid, signal.SIGCONT)
    assert shelf.read("key") is None


def test_a_store_that_is_away_costs_the_cache_alone(
    library: Library, clock: StoppedClock, journal: Journal, events: list[tuple[str, dict[str, Fact]]]
) -> None:
    shelf = StoreShelf(Store("sqlite:////nowhere/at/all.db"), clock, journal)
    cache = AnswerCache(shelf, library, clock, lifetime_s=3600, timezone="Europe/Paris")
    assert cache.find("key") is None
    cache.keep("key", ANSWER, "fr")
    assert cache.find("key") is not None
    assert [name for name, _ in events] == ["cache_unavailable"]


def test_a_date_in_the_knowledge_is_read_as_a_day(library: Library) -> None:
    topic = library.topic("offre", "fr")
    assert topic
    assert topic.valid_until == date(2026, 11, 24)
