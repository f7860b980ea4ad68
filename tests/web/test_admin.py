"""The owner's dashboard: who gets in, what the screens say, and that no visitor's words do harm there."""

from __future__ import annotations

import csv
import html
import io
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from okichat.contact.message import Message
from okichat.conversations.listing import UNFINISHED, Wanted
from okichat.storage.tables import audit, turns
from okichat.web.admin.spreadsheet import harmless
from okichat.web.sessions import COOKIE
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.webhook import WebhookHost
from tests.site import Site

OpenSite = Callable[..., Site]

PASSWORD = "un mot de passe long"
TOKEN = "jeton-de-prometheus"
SCREENS = (
    "/admin",
    "/admin/questions",
    "/admin/questions/groups",
    "/admin/messages",
    "/admin/knowledge",
    "/admin/security",
    "/admin/health",
)
OTHERS = ("/admin/questions.csv", "/admin/messages.csv", "/admin/knowledge/fr/tarifs", "/admin/conversations/c")
FIELD = "Quels sont vos horaires ?"
OUTSIDE = "Quelle est la capitale de l'Australie ?"
HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">\u202egnp.exe\u200b'


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def site(open_site: OpenSite, clock: StoppedClock) -> Site:
    """An app without a key, whose owner has a password and is not signed in."""
    return open_site(clock, OKICHAT_ADMIN_PASSWORD=PASSWORD)


@pytest.fixture
def owner(site: Site) -> Site:
    """The same, signed in."""
    assert sign_in(site).status_code == 303
    return site


def sign_in(site: Site, password: str = PASSWORD, **more: str) -> TestResponse:
    return site.client.post("/admin/sign-in", data={"password": password}, **more)


def page(site: Site, path: str) -> str:
    response = site.client.get(path)
    assert response.status_code == 200, path
    return response.get_data(as_text=True)


def words(site: Site, path: str) -> str:
    """The page as a person reads it."""
    return html.unescape(page(site, path))


def put(site: Site, question: str, conversation: str = "c", **more: Any) -> None:
    """A question of which the store knows no answer, nor anything but `more`."""
    row = {"id": secrets.token_hex(8), "conversation": conversation, "language": "fr", "question": question}
    with site.parts.store.write() as connection:
        connection.execute(insert(turns), {**row, "asked_at": site.parts.clock.now(), **more})


def table(response: TestResponse, separator: str = ";") -> list[list[str]]:
    assert response.status_code == 200
    text = response.get_data(as_text=True)
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:]), delimiter=separator))


def test_without_a_password_and_a_token_there_is_no_dashboard_and_there_are_no_metrics(open_site: OpenSite) -> None:
    site = open_site()

    for path in (*SCREENS, *OTHERS, "/admin/sign-in", "/metrics"):
        assert site.client.get(path).status_code == 404
        assert site.client.post(path).status_code == 404


def test_whoever_has_not_signed_in_is_asked_for_the_password(site: Site) -> None:
    for path in (*SCREENS, *OTHERS):
        reply = site.client.get(path)

        assert (reply.status_code, reply.headers["Location"]) == (303, "/admin/sign-in")


def test_the_password_opens_every_screen_and_signing_out_closes_them(owner: Site) -> None:
    owner.ask(FIELD)
    for path in SCREENS:
        page(owner, path)

    owner.client.post("/admin/sign-out")

    assert owner.client.get("/admin").status_code == 303


def test_the_cookie_is_for_the_dashboard_alone_and_for_no_script_or_other_site(site: Site) -> None:
    plain = sign_in(site).headers["Set-Cookie"]
    secure = sign_in(site, base_url="https://localhost").headers["Set-Cookie"]

    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/admin", "Max-Age=43200"):
        assert attribute in plain
        assert attribute in secure
    assert "Secure" not in plain
    assert "Secure" in secure


def test_no_other_page_sets_a_cookie(owner: Site) -> None:
    for path in ("/", "/contact", "/widget", "/healthz", *SCREENS):
        assert "Set-Cookie" not in owner.client.get(path).headers


def test_a_session_ends_after_twelve_hours(owner: Site, clock: StoppedClock) -> None:
    clock.forward(hours=11, minutes=59)
    assert owner.client.get("/admin").status_code == 200

    clock.forward(minutes=2)
    assert owner.client.get("/admin").status_code == 303


@pytest.mark.parametrize("change", [{"SECRET_KEY": "a" * 16}, {"OKICHAT_ADMIN_PASSWORD": "another long password"}])
def test_another_secret_key_or_password_signs_everybody_out(
    open_site: OpenSite, owner: Site, clock: StoppedClock, change: dict[str, str]
) -> None:
    cookie = owner.client.get_cookie(COOKIE, path="/admin")
    assert cookie
    same, changed = (open_site(clock, **{"OKICHAT_ADMIN_PASSWORD": PASSWORD, **more}) for more in ({}, change))

    for site in (same, changed):
        site.client.set_cookie(COOKIE, cookie.value, path="/admin")
    assert same.client.get("/admin").status_code == 200
    assert changed.client.get("/admin").status_code == 303


def test_a_made_up_cookie_does_not_open(site: Site) -> None:
    for value in ("9999999999", "OTk5OTk5OTk5OQ.AAAA", ""):
        site.client.set_cookie(COOKIE, value, path="/admin")
        assert site.client.get("/admin").status_code == 303


def test_a_wrong_password_is_refused_and_the_sixth_try_waits_even_with_the_right_one(site: Site) -> None:
    tries = [sign_in(site, "wrong").status_code for _ in range(5)]

    sixth = sign_in(site)

    assert tries == [403] * 5
    assert sixth.status_code == 429
    assert "Set-Cookie" not in sixth.headers
    assert 0 < int(sixth.headers["Retry-After"]) <= 900
    assert "15 min" in sixth.get_data(as_text=True)


def test_somebody_elses_tries_do_not_lock_the_owner_out(site: Site) -> None:
    for _ in range(6):
        site.client.post("/admin/sign-in", data={"password": "x"}, environ_base={"REMOTE_ADDR": "198.51.100.7"})

    assert sign_in(site).status_code == 303


def test_a_password_too_short_stops_the_start(open_site: OpenSite) -> None:
    with pytest.raises(Exception, match="OKICHAT_ADMIN_PASSWORD: read a value that is not shown"):
        open_site(OKICHAT_ADMIN_PASSWORD="court")


def test_no_screen_is_kept_framed_or_found(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_EMBED_ORIGINS="https://www.exemple.fr")
    sign_in(site)

    for path in (*SCREENS, "/admin?frame=widget", "/admin/sign-in"):
        headers = site.client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Robots-Tag"] == "noindex"


def test_a_post_from_another_site_changes_nothing(owner: Site) -> None:
    reference = owner.parts.messages.keep(Message("Rappelez-moi.", phone="0612345678"))

    reply = owner.client.post(f"/admin/messages/{reference}/answered", headers={"Sec-Fetch-Site": "cross-site"})

    assert reply.status_code == 403
    assert owner.parts.messages.counts()["answered"] == 0


def test_today_says_in_a_sentence_how_it_goes_and_what_needs_a_hand(owner: Site) -> None:
    owner.ask(FIELD)
    owner.ask(OUTSIDE)
    owner.parts.messages.keep(Message("Rappelez-moi.", phone="0612345678"))

    today = words(owner, "/admin")

    assert "2 questions aujourd'hui, 1 sans réponse, 0,00\N{NO-BREAK SPACE}$ dépensés, mode local." in today
    assert "une question est restée sans réponse" in today
    assert "Un message attend votre réponse." in today
    assert "Aucun moyen d'envoi n'est réglé" in today
    assert "aucune clé n'est réglée" in today
    assert "2 questions today, 1 unanswered" in page(owner, "/admin?lang=en")


def test_today_counts_visitors_first_words_and_errors_by_class(owner: Site, clock: StoppedClock) -> None:
    put(owner, "Quels sont vos tarifs ?", visitor="a" * 16, first_word_ms=640, answered_by="local",
        answered_at=clock.now(), passed=[{"source": "gpt", "reason": "timeout_first_word"}])  # fmt: skip
    put(owner, "Et vos horaires ?", visitor="b" * 16)

    today, week = words(owner, "/admin"), words(owner, "/admin?days=7")

    assert "<dt>Visiteurs (par jour)</dt><dd>2</dd>" in today
    assert '<dd>0,3 <span class="quiet">2, comptés chaque jour</span></dd>' in week
    assert "<dt>Premier mot, médiane</dt><dd>0,6\N{NO-BREAK SPACE}s</dd>" in today
    assert "<dt>Erreurs de GPT</dt><dd>1</dd>" in today
    assert '<th scope="row">premier mot trop tardif</th><td class="amount">1</td>' in today
    assert "<dt>À ce rythme, le budget</dt><dd>suffit pour le mois</dd>" in today


def test_a_quiet_day_says_what_will_appear(owner: Site) -> None:
    assert "Aucune question aujourd'hui, aucune sans réponse" in words(owner, "/admin")
    assert "Dès qu'un visiteur écrira" in words(owner, "/admin/questions")
    assert "apparaîtront ici" in page(owner, "/admin/messages")


def test_a_paused_model_is_explained_with_the_end_of_the_pause(
    open_site: OpenSite, model: OpenAIServer, clock: StoppedClock
) -> None:
    site = open_site(
        clock, OKICHAT_ADMIN_PASSWORD=PASSWORD, OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url
    )
    sign_in(site)
    assert "mode GPT" in page(site, "/admin")
    model.fail("invalid_key")
    site.ask(FIELD)

    today = words(site, "/admin")

    assert "Mode local jusqu'au 23 nov. 2026, 10:40. Cause : clé refusée." in today
    assert "mode local" in today


def test_every_period_has_its_charts_each_with_title_description_and_table(owner: Site) -> None:
    owner.ask(FIELD)

    for days in ("1", "7", "30", "90", "2", "x", ""):
        today = page(owner, f"/admin?days={days}")

        charts = re.findall(r'<svg class="chart" role="img" aria-labelledby="([\w-]+) ([\w-]+)"', today)
        assert len(charts) == today.count("<details>") == 2
        for title, description in charts:
            assert re.search(f'<title id="{title}">[^<]+</title><desc id="{description}">[^<]+</desc>', today)


def test_htmx_gets_what_refreshes_itself_and_is_told_when_the_session_has_ended(
    owner: Site, clock: StoppedClock
) -> None:
    asked = {"HX-Request": "true"}
    part = owner.client.get("/admin", headers=asked).get_data(as_text=True)
    assert part.lstrip().startswith('<div id="today"')
    assert 'hx-trigger="every 30s"' in part
    assert "hx-get" not in page(owner, "/admin?live=0")

    clock.forward(hours=13)
    ended = owner.client.get("/admin", headers=asked).get_data(as_text=True)

    assert "Votre session est terminée." in ended
    assert "hx-get" not in ended


def test_questions_are_found_by_words_rung_topic_notice_and_day(owner: Site, clock: StoppedClock) -> None:
    owner.ask(FIELD)
    clock.forward(days=1)
    owner.ask(OUTSIDE)
    sign_in(owner)

    def found(query: str) -> list[bool]:
        text = page(owner, f"/admin/questions?{query}")
        return ["Quels sont vos horaires" in text, "Quelle est la capitale" in text]

    assert found("") == [True, True]
    assert found("q=HORAIRES") == [True, False]
    assert found("q=capitale+australie") == [False, True]
    assert found("q=%25") == [False, False]
    assert found("rung=local") == [True, False]
    assert found("rung=handoff") == [False, True]
    assert found(f"rung={UNFINISHED}") == [False, False]
    assert found("topic=horaires") == [True, False]
    assert found("notice=timeout") == [False, False]
    assert found("day=2026-11-23") == [True, False]
    assert found("day=2026-11-24&rung=handoff") == [False, True]
    assert found("day=nonsense&before=nonsense") == [True, True]


def test_many_questions_come_a_page_at_a_time_and_none_twice(owner: Site, clock: StoppedClock) -> None:
    for number in range(120):
        put(owner, f"Question numéro {number:03}.")
        clock.forward(seconds=number % 2)  # some at the same moment

    seen: list[str] = []
    path: str | None = "/admin/questions?q=Question&lang=en"
    while path:
        text = page(owner, path)
        seen += re.findall(r"Question numéro (\d+)", text)
        older = re.search(r'href="([^"]+)" rel="next"', text)
        path = older[1].replace("&amp;", "&") if older else None

    assert len(seen) == len(set(seen)) == 120
    assert len(table(owner.client.get("/admin/questions.csv"))) == 121


def test_a_conversation_is_shown_whole_with_the_reasons_why_it_went_so(owner: Site, clock: StoppedClock) -> None:
    reply = owner.ask(FIELD)
    clock.forward(minutes=1)
    owner.ask(OUTSIDE, conversation=reply["conversation"])
    conversation = owner.parts.references.read(reply["conversation"])

    shown = page(owner, f"/admin/conversations/{conversation}")

    assert shown.index("Quels sont vos horaires") < shown.index("capitale de l")
    assert "GPT (pas de clé)" in shown
    assert owner.client.get("/admin/conversations/unknown").status_code == 404


def test_a_message_is_ticked_off_once_answered(owner: Site) -> None:
    reference = owner.parts.messages.keep(Message("Rappelez-moi.", email="camille@exemple.fr", phone="06 12 34 56 78"))
    waiting = page(owner, "/admin/messages")
    assert f"mailto:camille@exemple.fr?subject=Oki%20Expertise%20%3A%20votre%20message%20{reference}" in waiting
    assert 'href="tel:0612345678"' in waiting

    reply = owner.client.post(f"/admin/messages/{reference}/answered")

    assert reply.status_code == 303
    done = page(owner, reply.headers["Location"])
    assert f"Le message {reference} est noté comme répondu." in done
    assert "Rappelez-moi." not in done
    assert "Rappelez-moi." in page(owner, "/admin/messages?state=answered")
    assert owner.client.post("/admin/messages/AAAAAAAA/answered").status_code == 404


def test_what_visitors_write_is_text_on_every_screen(owner: Site) -> None:
    conversation = "c" * 16
    put(owner, HOSTILE, conversation)
    owner.parts.messages.keep(Message(HOSTILE, email="a@b.example", name=HOSTILE, with_conversation=True), conversation)

    for path in (*SCREENS, f"/admin/conversations/{conversation}", f"/admin/knowledge?q={HOSTILE}"):
        text = page(owner, path)
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "\u202e" not in text
        assert "\u200b" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(owner, "/admin/questions")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(owner, "/admin/messages")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", " =", "\r", "＝", "\u200b="])
def test_no_cell_of_an_export_is_a_formula(begin: str) -> None:
    shown = harmless(f"{begin}HYPERLINK(1)")

    assert isinstance(shown, str)
    assert shown.startswith("'")


def test_exports_hold_what_the_screens_show(owner: Site) -> None:
    owner.ask(FIELD)
    owner.parts.messages.keep(Message('=cmd|"/c calc"!A1; et\nune ligne', phone="+33612345678"))

    questions = table(owner.client.get("/admin/questions.csv?rung=local"))
    messages = table(owner.client.get("/admin/messages.csv?lang=en"), ",")

    assert questions[1][3] == FIELD
    assert len(table(owner.client.get("/admin/questions.csv?rung=gpt"))) == 1
    assert messages[0][6] == "Message"
    assert messages[1][5:7] == ["'+33612345678", '\'=cmd|"/c calc"!A1; et\nune ligne']


def test_an_export_leaves_a_trace(owner: Site) -> None:
    for name in ("questions", "messages"):
        table(owner.client.get(f"/admin/{name}.csv"))

    with owner.parts.store.read() as connection:
        trail = connection.execute(select(audit.c.action, audit.c.subject, audit.c.way)).all()
    assert [tuple(row) for row in trail] == [("export", name, "dashboard") for name in ("questions", "messages")]


def test_health_shows_settings_without_their_secrets_and_sends_a_test_alert(
    open_site: OpenSite, clock: StoppedClock
) -> None:
    with WebhookHost() as host:
        site = open_site(
            clock, OKICHAT_ADMIN_PASSWORD=PASSWORD, OPENAI_API_KEY="sk-secret-key", OKICHAT_ALERT_WEBHOOK=host.url
        )
        sign_in(site)
        shown = page(site, "/admin/health")

        tried = site.client.post("/admin/health").get_data(as_text=True)

        assert host.arrived.wait(10)
    assert "Webhook" in tried
    assert "envoyée" in tried
    assert "OKICHAT_ADMIN_PASSWORD" in shown
    for secret in (PASSWORD, "sk-secret-key", host.url, "sqlite:///"):
        assert secret not in shown
    assert "gpt-6-luna" in shown


@pytest.mark.parametrize(
    ("hops", "forwarded", "state"),
    [
        ("0", None, "holds"),
        ("0", "203.0.113.5", "broken"),
        ("1", "203.0.113.5", "holds"),
        ("2", "203.0.113.5", "broken"),
    ],
)
def test_health_tells_whether_visitors_addresses_can_be_believed(
    open_site: OpenSite, hops: str, forwarded: str | None, state: str
) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_TRUSTED_HOPS=hops)
    sign_in(site)

    text = site.client.get("/admin/health", headers={"X-Forwarded-For": forwarded} if forwarded else {}).get_data(True)

    assert re.search(rf'check-{state}"><strong>Adresses des visiteurs', text)


def test_a_redis_that_is_away_is_told(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, REDIS_URL="redis://127.0.0.1:9/0")
    sign_in(site)

    assert 'check-broken"><strong>Limite par visiteur' in page(site, "/admin/health")


def test_without_a_database_the_screens_say_so_and_health_still_works(open_site: OpenSite, tmp_path: Path) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, DATABASE_URL=f"sqlite:///{tmp_path}", SECRET_KEY="k" * 16)
    sign_in(site)

    for path in ("/admin", "/admin/questions", "/admin/messages", "/admin/questions.csv"):
        assert "La base de données ne répond pas" in page(site, path)
    assert 'check-broken"><strong>Base de données' in page(site, "/admin/health")
    assert "hx-trigger" in site.client.get("/admin", headers={"HX-Request": "true"}).get_data(as_text=True)


def test_knowledge_shows_how_topics_are_used_and_what_a_question_would_find(owner: Site) -> None:
    reply = owner.ask(FIELD)
    turn = owner.parts.questions.find(Wanted(), 1).asked[0]
    owner.parts.turns.rate(turn.id, turn.conversation, up=True)

    shown = page(owner, f"/admin/knowledge?q={FIELD}")

    assert reply["topics"][0] == "horaires"
    assert re.search(r'topic=horaires">1</a>.*?100', shown, re.DOTALL)
    assert "GPT ne serait pas appelé" in page(owner, f"/admin/knowledge?q={OUTSIDE}")
    assert page(owner, "/admin/knowledge/fr/horaires")
    assert owner.client.get("/admin/knowledge/fr/nothing").status_code == 404
    assert len(owner.parts.questions.find(Wanted(), 9).asked) == 1  # trying leaves no question behind


class TestGptTriedOut:
    """The owner asks GPT on the screen of the knowledge."""

    @pytest.fixture
    def owner(self, open_site: OpenSite, model: OpenAIServer, clock: StoppedClock) -> Site:
        site = open_site(
            clock, OKICHAT_ADMIN_PASSWORD=PASSWORD, OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url
        )
        sign_in(site)
        return site

    def tried(self, owner: Site, question: str = FIELD) -> str:
        reply = owner.client.post("/admin/knowledge", data={"q": question})
        assert reply.status_code == 200
        return html.unescape(reply.get_data(as_text=True))

    def test_nothing_is_paid_before_the_owner_says_so(self, owner: Site, model: OpenAIServer) -> None:
        shown = words(owner, f"/admin/knowledge?q={FIELD}")

        assert re.search(r"Demander aussi à GPT \(≈ 0,\d+\N{NO-BREAK SPACE}\$\)", shown)
        assert model.requests == []

    def test_both_answers_stand_there_with_the_real_price_and_no_conversation_knows(
        self, owner: Site, model: OpenAIServer
    ) -> None:
        model.reply("Du lundi au vendredi.", usage={"prompt_tokens": 3000, "completion_tokens": 200})

        shown = self.tried(owner)

        spent = owner.parts.budget.month().spent_microusd
        assert "Voici la réponse des fiches, gratuite." in shown
        assert "Du lundi au vendredi." in shown
        assert spent > 0
        assert re.search(rf"3.200 jetons, {spent / 1e6:.4f}".replace("0.", "0,"), shown)
        assert owner.parts.questions.find(Wanted(), 9).asked == []
        assert "Demander aussi à GPT" not in shown

    def test_personal_data_does_not_reach_the_model(self, owner: Site, model: OpenAIServer) -> None:
        self.tried(owner, f"{FIELD} Mon numéro : 06 12 34 56 78")

        assert "06 12 34 56 78" not in str(model.requests[0])

    def test_a_question_outside_the_field_costs_nothing(self, owner: Site, model: OpenAIServer) -> None:
        assert "GPT ne serait pas appelé" in self.tried(owner, OUTSIDE)
        assert model.requests == []

    def test_why_gpt_gives_no_answer_is_told(self, owner: Site, model: OpenAIServer) -> None:
        model.fail("invalid_key")

        shown = self.tried(owner)

        assert "GPT n'a pas donné de réponse : clé refusée. Rien n'a été dépensé." in shown
        assert "Mode local jusqu'au" in words(owner, f"/admin/knowledge?q={FIELD}")

    def test_an_empty_budget_is_kept_to(self, open_site: OpenSite, model: OpenAIServer) -> None:
        site = open_site(
            OKICHAT_ADMIN_PASSWORD=PASSWORD,
            OPENAI_API_KEY="sk-test-key",
            OPENAI_BASE_URL=model.base_url,
            OKICHAT_BUDGET_USD="0.0001",
        )
        sign_in(site)

        assert "GPT n'a pas donné de réponse" in self.tried(site)
        assert model.requests == []

    def test_another_site_cannot_spend_the_money(self, owner: Site, model: OpenAIServer) -> None:
        reply = owner.client.post("/admin/knowledge", data={"q": FIELD}, headers={"Sec-Fetch-Site": "cross-site"})

        assert reply.status_code == 403
        assert model.requests == []

    @pytest.mark.parametrize("question", ["", "a" * 501])
    def test_what_is_no_question_is_refused(self, owner: Site, model: OpenAIServer, question: str) -> None:
        assert 'role="alert"' in self.tried(owner, question)
        assert model.requests == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_screen_speaks_both_languages_without_a_missing_sentence(owner: Site, language: str) -> None:
    owner.ask(FIELD)
    owner.ask(OUTSIDE)

    for path in (*SCREENS, "/admin/sign-in", "/admin/knowledge?q=horaires", "/admin?days=30"):
        text = page(owner, f"{path}{'&' if '?' in path else '?'}lang={language}")

        assert f'<html lang="{language}">' in text
        assert not re.search(r"\badmin\.[a-z_]+", re.sub(r'(href|src|action)="[^"]*"', "", text)), path


def test_metrics_need_the_token_and_count_what_the_store_holds(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_METRICS_TOKEN=TOKEN)
    site.ask(FIELD)
    site.ask(OUTSIDE)
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": "Bearer "}):
        refused = site.client.get("/metrics", headers=header)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")

    other_process = open_site(OKICHAT_METRICS_TOKEN=TOKEN)
    reply = other_process.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    lines = reply.get_data(as_text=True).splitlines()
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'okichat_questions_total{rung="local"} 1' in lines
    assert 'okichat_questions_total{rung="handoff"} 1' in lines
    assert 'okichat_passes_total{source="gpt",reason="no_key"} 2' in lines
    assert 'okichat_answer_seconds_bucket{le="+Inf"} 2' in lines
    assert "okichat_month_budget_usd 20" in lines
    assert "okichat_store_up 1" in lines
    assert all(re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [-+.\de]+', line) for line in lines)


def test_metrics_say_that_the_store_is_away(open_site: OpenSite, tmp_path: Path) -> None:
    site = open_site(OKICHAT_METRICS_TOKEN=TOKEN, DATABASE_URL=f"sqlite:///{tmp_path}")

    reply = site.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert reply.status_code == 200
    assert "okichat_store_up 0" in reply.get_data(as_text=True).splitlines()
