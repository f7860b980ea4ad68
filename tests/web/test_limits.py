"""How many questions one visitor may ask, and who counts as one visitor."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from okichat.settings import Settings
from tests.doubles.openai_server import OpenAIServer
from tests.served import ROOT, clean_environment, configured, gunicorn
from tests.servers import RedisServer
from tests.site import FRAGMENT, Site

TWO = "2 per 15 minutes"


def test_ten_questions_per_quarter_of_an_hour_by_default(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_RATE_LIMIT="")

    assert [site.post("Vos horaires ?").status_code for _ in range(11)] == [200] * 10 + [429]


def test_page_and_api_share_one_limit(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_RATE_LIMIT=TWO)

    statuses = [
        site.post("Vos horaires ?").status_code,
        site.submit("Vos tarifs ?").status_code,
        site.post("Où êtes-vous ?").status_code,
    ]

    assert statuses == [200, 200, 429]


def test_a_refused_question_does_not_count(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_RATE_LIMIT=TWO)
    for _ in range(5):
        site.post("")

    assert site.post("Vos horaires ?").status_code == 200


def test_the_limit_is_told_and_only_a_refusal_says_come_back(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_RATE_LIMIT="1 per 15 minutes")

    answered, refused = site.post("Vos horaires ?"), site.post("Vos tarifs ?")

    assert answered.headers["X-RateLimit-Limit"] == "1"
    assert "Retry-After" not in answered.headers
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert refused.get_json()["code"] == "too_many"


def test_two_visitors_have_a_limit_each(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_RATE_LIMIT=TWO)

    statuses = [
        _ask_from(site, address) for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2")
    ]

    assert statuses == [200, 200, 200, 429, 200]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "X-Client-IP"])
def test_a_made_up_header_makes_no_new_visitor(open_site: Callable[..., Site], header: str) -> None:
    site = open_site(OKICHAT_RATE_LIMIT=TWO)

    statuses = [_ask_from(site, "192.0.2.1", **{header: f"198.51.100.{number}"}) for number in range(3)]

    assert statuses == [200, 200, 429]


def test_behind_one_proxy_only_what_it_adds_is_believed(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_RATE_LIMIT=TWO, OKICHAT_TRUSTED_HOPS="1")

    spoofing = [
        _ask_from(site, "10.0.0.1", **{"X-Forwarded-For": f"198.51.100.{number}, 192.0.2.1"}) for number in range(3)
    ]
    other = _ask_from(site, "10.0.0.1", **{"X-Forwarded-For": "192.0.2.2"})

    assert spoofing == [200, 200, 429]
    assert other == 200


def test_one_ipv6_household_is_one_visitor(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_RATE_LIMIT=TWO)

    household = [_ask_from(site, f"2001:db8:1:2::{number}") for number in range(1, 4)]

    assert household == [200, 200, 429]
    assert _ask_from(site, "2001:db8:1:3::1") == 200


def _ask_from(site: Site, address: str, **headers: str) -> int:
    response = site.client.post(
        "/api/chat", json={"question": "Vos horaires ?"}, headers=headers, environ_overrides={"REMOTE_ADDR": address}
    )
    return response.status_code


def test_a_patient_visitor_meets_the_limit_of_the_day(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_DAILY_LIMIT="100 per day")

    replies = [site.post("Bonjour") for _ in range(101)]

    assert [reply.status_code for reply in replies] == [200] * 100 + [429]
    assert replies[0].headers["X-RateLimit-Limit"] == "1000"
    refused = replies[-1]
    assert refused.get_json()["code"] == "daily_limit"
    assert 80_000 < int(refused.headers["Retry-After"]) <= 86_400
    assert _ask_from(site, "192.0.2.9") == 200


def test_whoever_is_too_quick_is_told_minutes_and_has_not_used_up_more_of_the_day(
    open_site: Callable[..., Site],
) -> None:
    site = open_site(OKICHAT_RATE_LIMIT=TWO, OKICHAT_DAILY_LIMIT="3 per day")

    replies = [site.post("Bonjour") for _ in range(10)]

    assert [reply.status_code for reply in replies] == [200, 200, *[429] * 8]
    assert {reply.get_json()["code"] for reply in replies[2:]} == {"too_many"}


def test_the_page_names_the_human_to_whoever_has_used_up_the_day(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_DAILY_LIMIT="1 per day")

    _, refused = site.submit("Bonjour"), site.submit("Vos tarifs ?", FRAGMENT)

    text = refused.get_data(as_text=True)
    assert refused.status_code == 429
    assert "beaucoup de questions pour une journée" in text
    assert 'href="/contact' in text


def test_the_day_is_counted_in_redis_too(open_site: Callable[..., Site], redis: RedisServer) -> None:
    sites = [open_site(REDIS_URL=redis.url, OKICHAT_DAILY_LIMIT="3 per day") for _ in range(2)]

    replies = [sites[number % 2].post("Bonjour") for number in range(4)]

    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert replies[-1].get_json()["code"] == "daily_limit"


def test_the_daily_limit_can_be_turned_off() -> None:
    assert limits(OKICHAT_DAILY_LIMIT="off") == ("10 per 15 minutes",)


def test_the_daily_limit_grows_with_what_is_allowed_at_once() -> None:
    assert limits() == ("10 per 15 minutes", "100 per day")
    assert limits(OKICHAT_RATE_LIMIT="500 per minute") == ("500 per minute", "5000 per day")
    assert limits(OKICHAT_RATE_LIMIT="50 per day") == ("50 per day",)
    assert limits(OKICHAT_DAILY_LIMIT="20 per 2 hours") == ("10 per 15 minutes", "20 per 2 hours")


def limits(**environ: str) -> tuple[str, ...]:
    return Settings.from_environment(environ).question_limits


def test_a_spent_quota_tightens_the_limit_where_the_operator_wants_it(
    open_site: Callable[..., Site], model: OpenAIServer
) -> None:
    site = open_site(
        OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url, OKICHAT_DEGRADED_RATE_LIMIT="2 per 15 minutes"
    )
    model.fail("insufficient_quota")

    statuses = [site.post(f"Quels sont vos tarifs pour {number} salariés ?").status_code for number in range(4)]

    assert statuses == [200, 200, 200, 429]


def test_a_crowd_is_counted_exactly_over_few_connections_to_redis(
    open_site: Callable[..., Site], redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("okichat.web.limits._MOST_CONNECTIONS", 2)
    monkeypatch.setattr("okichat.web.limits._WAIT_FOR_CONNECTION_S", 30.0)
    monkeypatch.setattr("okichat.web.limits._REDIS_TIMEOUT_S", 30.0)
    site = open_site(REDIS_URL=redis.url, OKICHAT_RATE_LIMIT="30 per 15 minutes", OKICHAT_DAILY_LIMIT="off")

    def ask(_number: int) -> int:
        return site.app.test_client().post("/api/chat", json={"question": "Bonjour"}).status_code

    with ThreadPoolExecutor(40) as crowd:
        statuses = list(crowd.map(ask, range(40)))

    assert (statuses.count(200), statuses.count(429)) == (30, 10)


def test_the_limit_is_exact_across_processes_that_share_redis(tmp_path: Path, redis: RedisServer) -> None:
    environment = clean_environment(
        REDIS_URL=redis.url,
        WEB_CONCURRENCY="2",
        SECRET_KEY="k" * 32,
        OKICHAT_RATE_LIMIT="10 per 15 minutes",
        OKICHAT_ADMIN_PASSWORD="un mot de passe long",
        PYTHONPATH=str(ROOT),
    )
    with (
        gunicorn(tmp_path, *configured(), environment=environment, app="tests.unhurried:app") as served,
        ThreadPoolExecutor(8) as visitors,
    ):
        questions = list(visitors.map(lambda _: _ask(served.url), range(30)))
        guesses = list(
            visitors.map(lambda number: _send(served.url, "/admin/sign-in", password=f"{number}"), range(20))
        )
        messages = list(
            visitors.map(lambda _: _send(served.url, "/contact", text="Rappelez-moi.", email="a@b.fr"), range(12))
        )
        processes = served.workers()

    assert processes == 2
    assert (questions.count(200), questions.count(429)) == (10, 20)
    assert (guesses.count(403), guesses.count(429)) == (5, 15)
    assert (messages.count(200), messages.count(429)) == (2, 10)  # of those that come without the stamp of a form


def _ask(url: str) -> int:
    body = json.dumps({"question": "Vos horaires ?"}).encode()
    return _status(urllib.request.Request(f"{url}/api/chat", body, {"Content-Type": "application/json"}))


def _send(url: str, path: str, **fields: str) -> int:
    return _status(urllib.request.Request(url + path, urllib.parse.urlencode(fields).encode()))


def _status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code
