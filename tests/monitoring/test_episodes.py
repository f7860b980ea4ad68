"""Security events, as docs/monitoring.md defines them: each is told once when it begins, and once when it is over."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from okichat.guard.admission import PERSONAL_DATA
from okichat.money.budget import Budget
from okichat.monitoring import episodes
from okichat.monitoring.alert_book import Alert, AlertBook
from okichat.monitoring.alert_post import post_from
from okichat.monitoring.episodes import ABUSE, API_ERRORS, EPISODES, OFF_TOPIC, TRAFFIC
from okichat.monitoring.journal import Fact, Journal
from okichat.monitoring.security_log import CROSS_SITE, RATE_LIMIT, SIGN_IN, SPAM
from okichat.monitoring.watch import Watch, open_watch
from okichat.sentences import Sentences
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.tables import turns
from tests.doubles.clock import StoppedClock
from tests.doubles.webhook import WebhookHost
from tests.served import ROOT

Ask = Callable[..., None]
MONITORING = ROOT / "docs" / "monitoring.md"
ERROR = ("gpt:server", "local:nothing_found")
OUTSIDE = ("gpt:off_topic", "local:outside")


class Night:
    """Two processes on one store, as they look again and again."""

    def __init__(self, store: Store, clock: StoppedClock, host: WebhookHost) -> None:
        self.clock = clock
        self.host = host
        settings = Settings(openai_api_key="k", openai_model="gpt-5-mini", alert_webhook=host.url)
        self.watches = [self._open(store, settings) for _ in range(2)]
        self.book = AlertBook(store, clock, can_send=False)

    def _open(self, store: Store, settings: Settings) -> Watch:
        journal = Journal(self.clock)
        return open_watch(settings, store, self.clock, journal, Budget(store, self.clock, settings), Sentences())

    def note(self, kind: str, visitor: str, times: int = 1) -> None:
        for number in range(times):
            self.watches[number % 2].security.note(kind, visitor)

    def look(self) -> list[str]:
        """Every process looks, twice; what goes on then."""
        for _ in range(2):
            for watch in self.watches:
                for look in watch.looks:
                    look()
        return sorted(kind for kind, _, _ in self.book.open_episodes() if kind in EPISODES)

    @property
    def told(self) -> list[str]:
        """What was sent so far."""
        return [str(post["text"]).partition("\n")[2] for post in self.host.posts]


@pytest.fixture
def night(store: Store, clock: StoppedClock, webhook_host: WebhookHost) -> Night:
    return Night(store, clock, webhook_host)


@pytest.fixture
def ask(store: Store, clock: StoppedClock) -> Ask:
    """Writes so many turns of one moment, with the sources that passed."""
    number = iter(range(100_000))

    def write(times: int = 1, passed: tuple[str, ...] = (), at: datetime | None = None) -> None:
        pairs = [each.split(":") for each in passed]
        rows = [
            {
                "id": f"t{(n := next(number))}",
                "conversation": f"c{n}",
                "asked_at": at or clock.now(),
                "language": "fr",
                "passed": [{"source": source, "reason": reason} for source, reason in pairs],
            }
            for _ in range(times)
        ]
        with store.write() as connection:
            connection.execute(insert(turns), rows)

    return write


def test_one_visitor_who_is_refused_again_and_again_is_an_abuse_attempt(night: Night, clock: StoppedClock) -> None:
    night.note(RATE_LIMIT, "a", 19)
    assert night.look() == []

    night.note(RATE_LIMIT, "a")
    assert night.look() == [ABUSE]
    assert len(night.told) == 1
    assert (
        "Tentative d'abus : 20 demandes refusées ou suspectes en dix minutes (visiteurs anonymes en cause : 1)"
        in (night.told[0])
    )

    night.note(RATE_LIMIT, "a", 100)  # the same episode
    clock.forward(minutes=9)
    assert night.look() == [ABUSE]
    clock.forward(minutes=2)
    assert night.look() == []
    assert night.told[1:] == ["La tentative d'abus est terminée."]


@pytest.mark.parametrize("kind", [SPAM, "injection", CROSS_SITE, SIGN_IN])
def test_what_no_honest_visitor_does_weighs_more(night: Night, kind: str) -> None:
    night.note(kind, "a", 4)
    assert night.look() == []

    night.note(kind, "a")
    assert night.look() == [ABUSE]


def test_many_visitors_who_are_refused_now_and_then_are_no_abuse(night: Night) -> None:
    for number in range(30):
        night.note(RATE_LIMIT, f"v{number}", 5)

    assert night.look() == []


def test_refusals_that_lie_far_apart_and_masked_data_are_no_abuse(night: Night, clock: StoppedClock) -> None:
    night.note(PERSONAL_DATA, "a", 100)
    for _ in range(6):
        night.note(RATE_LIMIT, "a", 15)
        clock.forward(minutes=11)
        assert night.look() == []


def test_errors_of_the_model_are_told_when_they_repeat_and_when_they_stop(
    night: Night, ask: Ask, clock: StoppedClock
) -> None:
    ask(3, ERROR)
    ask(1, ("gpt:paused_server",))
    assert night.look() == []

    ask(1, ("gpt:timeout",))
    assert night.look() == [API_ERRORS]
    assert "5 questions ont dû s'en passer. Cause la plus fréquente : panne du fournisseur." in night.told[0]
    clock.forward(minutes=5)
    ask(2, ERROR)
    clock.forward(minutes=6)
    assert night.look() == []  # two are too few to go on

    assert night.told[1:] == ["Les erreurs répétées de GPT ont cessé."]
    ask(5, ERROR)
    assert night.look() == [API_ERRORS]
    assert len(night.told) == 3


def test_faults_with_an_alert_of_their_own_are_not_told_twice(night: Night, ask: Ask) -> None:
    for reason in ("key", "paused_quota", "model_gone", "no_key", "budget_spent", "filtered"):
        ask(7, (f"gpt:{reason}",))

    assert night.look() == []


def test_off_topic_questions_are_a_burst_when_they_are_many_and_half_of_all(night: Night, ask: Ask) -> None:
    ask(9, OUTSIDE)
    assert night.look() == []

    ask(2, OUTSIDE)
    ask(12)
    assert night.look() == []  # eleven of twenty-three

    ask(1, ("gpt:no_key", "local:outside"))
    assert night.look() == [OFF_TOPIC]
    assert "12 en un quart d'heure, soit 50 % des questions" in night.told[0]


def test_a_burst_is_over_when_it_has_fallen_by_half(night: Night, ask: Ask, clock: StoppedClock) -> None:
    ask(10, OUTSIDE)
    assert night.look() == [OFF_TOPIC]

    clock.forward(minutes=10)
    ask(5, OUTSIDE)
    clock.forward(minutes=6)
    assert night.look() == [OFF_TOPIC]
    clock.forward(minutes=10)
    assert night.look() == []
    assert night.told[1:] == ["L'afflux de questions hors sujet est terminé."]


def test_traffic_is_a_peak_at_three_times_the_same_hour_of_the_last_four_weeks(
    night: Night, ask: Ask, clock: StoppedClock
) -> None:
    for week, questions in enumerate((20, 30, 40, 30), start=1):
        ask(questions, at=clock.now() - timedelta(weeks=week, minutes=30))
        ask(500, at=clock.now() - timedelta(weeks=week, hours=3))  # another hour
    ask(89)
    assert night.look() == []

    ask(1)
    assert night.look() == [TRAFFIC]
    assert "90 questions en une heure, contre 30 d'habitude" in night.told[0]
    clock.forward(minutes=59)
    assert night.look() == [TRAFFIC]
    clock.forward(minutes=2)
    assert night.look() == []
    assert night.told[1:] == ["Le pic de fréquentation est passé."]


def test_a_new_chat_has_no_peak_before_there_is_a_week_to_compare_with(
    night: Night, ask: Ask, clock: StoppedClock
) -> None:
    began_at = clock.now()
    ask(500)
    assert night.look() == []

    clock.stand_at(began_at + timedelta(days=6, hours=23))
    ask(500)
    assert night.look() == []

    clock.stand_at(began_at + timedelta(days=8, hours=3))  # at this hour nobody asked a week ago
    ask(49)
    assert night.look() == []
    ask(1)
    assert night.look() == [TRAFFIC]
    assert "50 questions en une heure, contre 0 d'habitude" in night.told[0]


def test_a_young_chat_is_compared_with_the_weeks_it_has_lived_through(
    night: Night, ask: Ask, clock: StoppedClock
) -> None:
    ask(1, at=clock.now() - timedelta(days=10))
    ask(40, at=clock.now() - timedelta(weeks=1, minutes=30))
    ask(119)
    assert night.look() == []

    ask(1)
    assert night.look() == [TRAFFIC]
    assert "120 questions en une heure, contre 40 d'habitude" in night.told[0]


def test_an_hour_is_compared_with_the_same_hour_of_the_firms_clock(night: Night, ask: Ask, clock: StoppedClock) -> None:
    # Half past ten in Paris, two days after the clocks changed.
    clock.stand_at(datetime(2026, 10, 27, 9, 30, tzinfo=UTC))
    ask(1, at=datetime(2026, 10, 18, 8, 0, tzinfo=UTC))
    ask(30, at=datetime(2026, 10, 20, 8, 15, tzinfo=UTC))  # a quarter past ten in summer time
    ask(500, at=datetime(2026, 10, 20, 9, 15, tzinfo=UTC))  # an hour later
    ask(89)
    assert night.look() == []

    ask(1)
    assert night.look() == [TRAFFIC]


def test_a_security_event_is_a_line_of_json_without_anything_about_the_visitor(
    night: Night, caplog: pytest.LogCaptureFixture
) -> None:
    night.note(SPAM, "0123456789abcdef", 5)

    with caplog.at_level(logging.WARNING, "okichat"):
        night.look()

    lines = [json.loads(line) for line in caplog.messages]
    [begun] = [line for line in lines if line["event"] == "security_event"]
    assert begun == {
        "at": "2026-11-23T09:30:00.000+00:00",
        "event": "security_event",
        "kind": ABUSE,
        "state": "begun",
        "times": 5,
        "visitors": 1,
    }


def test_episodes_are_listed_with_their_beginning_and_end(night: Night, ask: Ask, clock: StoppedClock) -> None:
    began_at = clock.now()
    ask(5, ERROR)
    night.look()
    clock.forward(hours=1)
    night.look()
    ended_at = clock.now()
    night.note(SPAM, "a", 5)
    night.look()

    listed = night.watches[0].episodes.since(began_at + timedelta(minutes=30))

    assert [episode[:3] for episode in listed] == [
        (ABUSE, ended_at, None),
        (API_ERRORS, began_at, ended_at),
    ]
    clock.forward(days=1)
    night.look()
    assert night.watches[0].episodes.since(clock.now() + timedelta(seconds=1)) == []


def test_news_are_looked_at_without_waiting_for_the_next_round(night: Night) -> None:
    hurried: list[bool] = []
    watch = night.watches[0]
    watch.on_news(lambda: hurried.append(True))
    watch.episodes.look_at_news()  # nothing has happened
    watch.security.note(PERSONAL_DATA, "a")
    assert hurried == []

    for _ in range(5):
        watch.security.note(SPAM, "a")
    for look in watch.looks_at_news:
        look()

    assert len(hurried) == 5
    assert len(night.told) == 1


def test_who_looks_while_another_does_finds_it_done(night: Night) -> None:
    watch = night.watches[0]
    lines: list[str] = []

    def look() -> None:
        watch.episodes.look()
        lines.append("second has looked")

    second = threading.Thread(target=look)

    def look_too(name: str, facts: dict[str, Fact]) -> None:
        if name == "security_event":
            second.start()
            second.join(0.2)  # time enough to do the same, if it did not wait
            lines.append("first is told")

    watch.episodes._journal.listen(look_too)
    night.note(SPAM, "a", 10)
    watch.episodes.look()
    second.join()

    assert lines == ["first is told", "second has looked"]


def test_both_languages_tell_of_every_security_event(store: Store, clock: StoppedClock) -> None:

    facts: dict[str, str | int | None] = {"times": 1, "visitors": 2, "reason": "server", "percent": 60, "usual": 3}
    for locale in ("fr", "en"):
        post = post_from(Settings(locale=locale), Sentences())
        letters = [
            post.letter(Alert(f"{kind}{over}", "", clock.now(), facts)) for kind in EPISODES for over in ("", "_over")
        ]
        assert len({letter.text for letter in letters}) == 8
        assert len({letter.subject for letter in letters}) == 2
        assert not any("%(" in letter.text for letter in letters)


def test_the_definitions_in_the_documents_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (\d+) minutes \|$", MONITORING.read_text("utf-8"), re.MULTILINE)
    written = {
        kind: ([int(number) for number in re.findall(r"\d+", text)], int(minutes)) for kind, text, minutes in rows
    }

    def minutes(window: timedelta) -> int:
        return round(window.total_seconds() / 60)

    assert written == {
        ABUSE: (
            [episodes.ABUSE_POINTS, episodes.POINTS[SPAM], episodes.POINTS[RATE_LIMIT]],
            minutes(episodes.ABUSE_WINDOW),
        ),
        API_ERRORS: ([episodes.API_ERRORS_TIMES], minutes(episodes.API_ERRORS_WINDOW)),
        OFF_TOPIC: (
            [episodes.OFF_TOPIC_TIMES, round(episodes.OFF_TOPIC_SHARE * 100)],
            minutes(episodes.OFF_TOPIC_WINDOW),
        ),
        TRAFFIC: (
            [episodes.TRAFFIC_FLOOR, episodes.TRAFFIC_TIMES_USUAL, episodes.TRAFFIC_WEEKS],
            minutes(episodes.TRAFFIC_WINDOW),
        ),
    }
    assert {kind for kind, points in episodes.POINTS.items() if points == episodes.POINTS[SPAM]} == {
        "injection", SPAM, CROSS_SITE, SIGN_IN,
    }  # fmt: skip
