"""A whole run with every fault on: what visitors wrote and what the operator keeps secret is in nothing the app emits."""

from __future__ import annotations

import json
import re
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path

import pytest

from okichat.settings import Settings
from tests.doubles.mail_host import MailHost
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.webhook import WebhookHost
from tests.served import ROOT, Served, clean_environment, configured, gunicorn

# Each is found however it is written: in capitals, as a URL, as JSON.
WORDS = (
    "plantedquestion",
    "plantedmessage",
    "plantedname",
    "plantedremark",
    "plantedagent",
    "plantedreferer",
    "plantedquery",
)
PERSONAL = ("camille.planted", "203.0.113.77", "2001:db8:77", "3000600001", "0639981277")
VISITORS = (*WORDS, *PERSONAL)
SECRETS = {
    "OPENAI_API_KEY": "sk-plantedkey0123456789",
    "SECRET_KEY": "plantedsecret0123456789",
    "OKICHAT_ADMIN_PASSWORD": "planted admin password",
    "OKICHAT_METRICS_TOKEN": "plantedtoken0123456789",
}
HOOK, MAIL_PASSWORD = "plantedhook", "plantedmailpassword"
KEYS = (*SECRETS.values(), HOOK, MAIL_PASSWORD)
BROWSER = {
    "User-Agent": "plantedagent/1.0",
    "Referer": "https://site.example/plantedreferer",
    "X-Forwarded-For": "203.0.113.77",
    "Accept-Language": "fr",
}


@dataclass
class Run:
    """What came out, by where it came out."""

    log: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    posts: str = ""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("run")
    out = Run()
    with OpenAIServer() as model, WebhookHost() as hook, MailHost() as mail:
        environment = clean_environment(
            **SECRETS,
            PYTHONPATH=str(ROOT),
            OPENAI_BASE_URL=model.base_url,
            OKICHAT_ALERT_WEBHOOK=f"{hook.url}&{HOOK}",
            OKICHAT_SMTP_URL=f"smtp://user:{MAIL_PASSWORD}@127.0.0.1:{mail.port}",
            OKICHAT_CONTACT_EMAIL="cabinet@exemple.fr",
            OKICHAT_RATE_LIMIT="12 per 15 minutes",
            OKICHAT_TRUSTED_HOPS="1",
            OKICHAT_PRICE_INPUT="0.1",
            OKICHAT_PRICE_OUTPUT="0.5",
        )
        with gunicorn(folder, *configured("--access-logfile", "-"), environment=environment) as served:
            _live_through(served, model, folder / "instance" / "okichat.db")
            hook.arrived.wait(30)  # alerts go out some seconds after their event, or after the store is back
            _look_around(served, out)
        out.log = served.log.read_text(encoding="utf-8")
        out.posts = json.dumps(hook.posts)
    return out


def _live_through(served: Served, model: OpenAIServer, database: Path) -> None:
    model.fail("status_500")
    asked = "plantedquestion : tenez-vous les comptes ? camille.planted@exemple.fr, 06 39 98 12 77"
    first = _json(_post(served, "/api/chat?plantedquery", body={"question": asked}))
    for fault in ("broken_json_middle", "cut_middle", "invalid_key"):
        model.fail(fault)
        _post(served, "/chat?plantedquery", question=f"plantedquestion, {fault} : que comprend la tenue comptable ?")
    _post(
        served,
        "/chat",
        {"HX-Request": "true", "Accept": "text/event-stream"},
        question="plantedquestion IBAN FR76 3000 6000 0112 3456 7890 189",
    )
    _post(
        served,
        "/feedback",
        conversation=first["conversation"],
        down=first["request_id"],
        reason="wrong",
        words="plantedremark camille.planted@exemple.fr",
    )
    _post(
        served,
        "/contact",
        name="plantedname",
        email="camille.planted@exemple.fr",
        phone="06 39 98 12 77",
        text="plantedmessage",
    )
    _post(served, "/contact", name="plantedname" * 20, email="camille.planted", text="plantedmessage")
    _post(served, "/chat", {"Sec-Fetch-Site": "cross-site"}, question="plantedquestion")
    _post(served, "/chat", question="plantedquestion" * 100)
    _post(served, "/api/chat", body={"question": ["plantedquestion"]})
    _post(served, "/chat/transcript", conversation="plantedquestion")
    _post(served, "/admin/sign-in", password="plantedquestion")
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        _post(
            served,
            "/api/chat",
            body={"question": "plantedquestion pendant la panne ?", "conversation": first["conversation"]},
        )
        _post(served, "/contact", name="plantedname", email="camille.planted@exemple.fr", text="plantedmessage, encore")
        other.execute("ROLLBACK")
    for _ in range(12):
        _post(served, "/chat", question="plantedquestion")  # until the limit


def _look_around(served: Served, out: Run) -> None:
    """What anybody can read, then what the owner can."""
    public = (
        "/",
        "/contact",
        "/confidentialite",
        "/widget",
        "/embed.js",
        "/readyz",
        "/healthz",
        "/api/openapi.json",
        "/plantednowhere",
        "/admin/sign-in",
    )
    for path in public:
        out.pages[path] = _exchange(served, path)
    out.pages["/metrics"] = _exchange(
        served, "/metrics", headers={"Authorization": f"Bearer {SECRETS['OKICHAT_METRICS_TOKEN']}"}
    )
    signed_in = _signed_in(served)
    for screen in (
        "",
        "/questions",
        "/messages",
        "/knowledge",
        "/health",
        "/questions.csv",
        "/messages.csv",
        "/security",
    ):
        out.pages[f"/admin{screen}"] = _exchange(served, f"/admin{screen}", headers={"Cookie": signed_in})


def _post(served: Served, path: str, headers: dict[str, str] | None = None, body: object = None, **form: str) -> str:
    return _exchange(served, path, headers, form, body)


def _exchange(
    served: Served,
    path: str,
    headers: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
    body: object = None,
) -> str:
    data, kind = None, {}
    if body is not None:
        data, kind = json.dumps(body).encode(), {"Content-Type": "application/json"}
    elif form:
        data = urllib.parse.urlencode(form).encode()
    own = BROWSER if data else {}
    request = urllib.request.Request(served.url + path, data, {**own, **kind, **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return f"{reply.headers}{reply.read().decode()}"
    except urllib.error.HTTPError as error:
        return f"{error.headers}{error.read().decode()}"


def _json(reply: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(reply[reply.index("{") :])
    return found


def _signed_in(served: Served) -> str:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args: object) -> None:
            return None

    form = urllib.parse.urlencode({"password": SECRETS["OKICHAT_ADMIN_PASSWORD"]}).encode()
    try:
        urllib.request.build_opener(Stay).open(f"{served.url}/admin/sign-in", form, timeout=30)
    except urllib.error.HTTPError as redirect:
        return str(redirect.headers["Set-Cookie"]).partition(";")[0]
    raise AssertionError("the owner was not let in")


def _found(needles: tuple[str, ...], text: str) -> list[str]:
    """Also where figures are grouped, or something is percent-encoded."""
    plain = urllib.parse.unquote(text).casefold()
    tight = re.sub(r"(?<=\d)[ .-](?=\d)", "", plain)
    return [needle for needle in needles if needle.casefold() in plain or needle.casefold() in tight]


def test_the_run_was_as_bad_as_it_should_be(run: Run) -> None:
    for event in ("model_fault", "store_unavailable", "admin_sign_in_failed"):
        assert event in run.log
    assert "POST /contact" in run.log
    assert run.posts != "[]"
    assert "plantedquestion" in run.pages["/admin/questions"]  # the owner reads it, nobody else
    assert "okichat_" in run.pages["/metrics"]


def test_nothing_of_a_visitor_is_in_logs_metrics_alerts_or_anybody_elses_page(run: Run) -> None:
    assert _found(VISITORS, run.log) == []
    assert _found(VISITORS, run.posts) == []
    for path, page in run.pages.items():
        if not path.startswith("/admin") or path in ("/admin/sign-in", "/admin/health", "/admin/security"):
            assert _found(VISITORS, page) == [], path


def test_no_personal_number_and_no_address_is_on_the_dashboard_either(run: Run) -> None:
    for path, page in run.pages.items():
        if not path.startswith("/admin/messages"):  # there the owner reads whom to call back
            assert _found(PERSONAL, page) == [], path


def test_no_key_is_in_any_byte(run: Run) -> None:
    assert _found(KEYS, run.log) == []
    assert _found(tuple(key for key in KEYS if key != HOOK), run.posts) == []
    for path, page in run.pages.items():
        assert _found(KEYS, page) == [], path


def test_no_key_is_in_a_text_or_an_error_of_the_settings() -> None:
    secret = {spec.metadata["name"]: "planted-0123456789" for spec in fields(Settings) if spec.metadata["secret"]}
    for name in ("DATABASE_URL", "REDIS_URL", "OKICHAT_SMTP_URL", "OKICHAT_ALERT_WEBHOOK", "SENTRY_DSN"):
        scheme = {"DATABASE_URL": "postgresql", "REDIS_URL": "redis", "OKICHAT_SMTP_URL": "smtps"}.get(name, "https")
        secret[name] = f"{scheme}://user:planted-0123456789@host.example"

    settings = Settings.from_environment(secret)

    assert len(secret) >= 9
    assert "planted" not in f"{settings!r} {settings} {[settings]}"
