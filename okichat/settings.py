"""Every setting: its name in the environment, its default, its unit, what it does. Read once, at start.

The real environment comes first, then `.env.local`, then `.env`. All mistakes are reported at once, each with the mend."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from okichat import readers
from okichat.errors import SettingsError

PREFIX = "OKICHAT_"


def _setting(
    name: str,
    default: Any,
    help: str,
    *,
    read: Callable[[str], Any] = readers.text,
    unit: str = "",
    secret: bool = False,
) -> Any:
    """A dataclass field that knows its name in the environment and how to read it."""
    return field(default=default, metadata={"name": name, "help": help, "read": read, "unit": unit, "secret": secret})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the operator has set. Attributes carry their unit in their name."""

    # One setting, one line.
    # fmt: off
    openai_api_key: str | None = _setting("OPENAI_API_KEY", None, "Key of the model's host. Without it the knowledge base answers alone.", read=readers.key, secret=True)
    openai_base_url: str | None = _setting("OPENAI_BASE_URL", None, "Any server that speaks chat completions (Azure, Mistral, vLLM, Ollama…). Unset: OpenAI.", read=readers.url)
    openai_model: str = _setting("OPENAI_MODEL", "gpt-6-luna", "The model that answers.")
    openai_fallback_model: str | None = _setting("OPENAI_FALLBACK_MODEL", None, "Asked when the model is gone (404).")
    database_url: str = _setting("DATABASE_URL", "sqlite:///instance/okichat.db", "SQLite file or Postgres database (`postgresql://…`; `postgres://…` works too).", read=readers.database_url, secret=True)
    redis_url: str | None = _setting("REDIS_URL", None, "Redis for limits and cache across processes (`redis://…` or `rediss://…`).", read=readers.redis_url, secret=True)
    redis_tls_verify: bool = _setting("OKICHAT_REDIS_TLS_VERIFY", True, "Whether the certificate of a `rediss://` server must be valid. `no` for Heroku, which signs its own: encrypted, but not proven to be Heroku's.", read=readers.yes_or_no)
    port: int = _setting("PORT", 8000, "Port that gunicorn listens on.", read=readers.whole(1, 65535))
    host: str | None = _setting("OKICHAT_HOST", None, "Address that gunicorn listens on. Unset: all of them where `PORT` is in the environment (not under `make run`), else `127.0.0.1`.")
    web_concurrency: int = _setting("WEB_CONCURRENCY", 1, "Processes. More than one needs `REDIS_URL`; without it, exactly one runs.", read=readers.whole(1, 64))
    secret_key: str | None = _setting("SECRET_KEY", None, "Signs conversation references and names visitors. Unset: made once and kept in the store; with several processes it must be set.", read=readers.at_least_chars(16), secret=True)

    name: str = _setting("OKICHAT_NAME", "Oki Expertise", "The firm's name, as visitors read it.")
    locale: str = _setting("OKICHAT_LOCALE", "fr", "Language of the page when the browser prefers neither: `fr` or `en`.", read=readers.one_of("fr", "en"))
    timezone: str = _setting("OKICHAT_TIMEZONE", "Europe/Paris", "Time zone of the opening hours and of the calendar month of the budget.", read=readers.timezone)
    welcome: str | None = _setting("OKICHAT_WELCOME", None, "First message of the chat. Unset: the one of the translation.")
    suggestions: tuple[str, ...] = _setting("OKICHAT_SUGGESTIONS", (), "Suggested questions, separated by `|`. Unset: those of the translation.", read=readers.parts("|"))
    contact_phone: str | None = _setting("OKICHAT_CONTACT_PHONE", None, "Telephone of the firm.")
    contact_whatsapp: str | None = _setting("OKICHAT_CONTACT_WHATSAPP", None, "WhatsApp number of the firm, with country code.")
    contact_email: str | None = _setting("OKICHAT_CONTACT_EMAIL", None, "E-mail address of the firm.", read=readers.email)
    contact_address: str | None = _setting("OKICHAT_CONTACT_ADDRESS", None, "Postal address of the firm.")
    contact_hours: str = _setting("OKICHAT_CONTACT_HOURS", "Mo-Fr 09:00-18:00; Sa appointment", "Opening hours, e.g. `Mo-Fr 09:00-12:30,14:00-18:00; Sa appointment`. Other text is shown as it is.")
    contact_booking_url: str | None = _setting("OKICHAT_CONTACT_BOOKING_URL", None, "Page where a visitor books an appointment.", read=readers.url)
    contact_to: str | None = _setting("OKICHAT_CONTACT_TO", None, "Mailbox that visitors' messages are sent to. Unset: `OKICHAT_CONTACT_EMAIL`.", read=readers.email)
    smtp_url: str | None = _setting("OKICHAT_SMTP_URL", None, "Mail host that visitors' messages are sent through, e.g. `smtp://user:password@mail.example.fr:587` (`smtps://…:465` works too).", read=readers.smtp_url, secret=True)
    alert_webhook: str | None = _setting("OKICHAT_ALERT_WEBHOOK", None, "Address that alerts, and visitors' messages where no mail goes out, are posted to as Slack's JSON.", read=readers.webhook, secret=True)

    digest: bool = _setting("OKICHAT_DIGEST", True, "Send what the week brought every Monday morning, where alerts have a channel.", read=readers.yes_or_no)
    sentry_dsn: str | None = _setting("SENTRY_DSN", None, "Address of a Sentry project that hears of defects; needs the package `sentry-sdk`.", read=readers.url, secret=True)

    knowledge: Path | None = _setting("OKICHAT_KNOWLEDGE", None, "Folder with the firm's own topics (`fr/*.md`, `en/*.md`) in place of the shipped ones.", read=readers.folder)
    templates: Path | None = _setting("OKICHAT_TEMPLATES", None, "Folder with templates that replace or extend the shipped ones.", read=readers.folder)
    prompts: Path | None = _setting("OKICHAT_PROMPTS", None, "Folder with prompts that replace the shipped ones.", read=readers.folder)
    translations: Path | None = _setting("OKICHAT_TRANSLATIONS", None, "Folder with the firm's own sentences (`fr.po`, `en.po`); each replaces the shipped one of its key.", read=readers.folder)

    budget_usd: float = _setting("OKICHAT_BUDGET_USD", 20.0, "The most that GPT may cost in one calendar month.", read=readers.number(0), unit="US dollars")
    price_input_usd: float | None = _setting("OKICHAT_PRICE_INPUT", None, "Price of input tokens where the shipped table does not know the model.", read=readers.number(0), unit="US dollars per million tokens")
    price_output_usd: float | None = _setting("OKICHAT_PRICE_OUTPUT", None, "Price of output tokens, likewise; set both.", read=readers.number(0), unit="US dollars per million tokens")
    kill_switch: bool = _setting("OKICHAT_KILL_SWITCH", False, "Turn GPT off; the knowledge base answers alone. `python -m okichat gpt off` does it at once, without a restart.", read=readers.yes_or_no)
    daily_share: bool = _setting("OKICHAT_DAILY_SHARE", False, "Spread the budget: a day may use its share of the month and what earlier days left.", read=readers.yes_or_no)
    allow_ephemeral_ledger: bool = _setting("OKICHAT_ALLOW_EPHEMERAL_LEDGER", False, "Let GPT answer where the host forgets the SQLite file, and with it what was spent.", read=readers.yes_or_no)
    max_output_tokens: int = _setting("OKICHAT_MAX_OUTPUT_TOKENS", 300, "The longest answer GPT may write.", read=readers.whole(16, 4000), unit="tokens")
    first_token_s: float = _setting("OKICHAT_FIRST_TOKEN_S", 5.0, "How long GPT may take to its first word.", read=readers.number(0.1, 120), unit="seconds")
    deadline_s: float = _setting("OKICHAT_DEADLINE_S", 12.0, "How long GPT may take for the whole answer.", read=readers.number(0.1, 300), unit="seconds")
    local_first: bool = _setting("OKICHAT_LOCAL_FIRST", False, "Answer from the knowledge base, unpaid, when it is sure.", read=readers.yes_or_no)
    grounding: bool = _setting("OKICHAT_GROUNDING", True, "Drop an answer of GPT that states an amount, date, delay or address which the knowledge does not.", read=readers.yes_or_no)
    cache_ttl_s: int = _setting("OKICHAT_CACHE_TTL_S", 604_800, "How long an answer of GPT is given again to the same first question; `0`: never. A change of knowledge or prompts ends it.", read=readers.whole(0, 31_536_000), unit="seconds")

    rate_limit: str = _setting("OKICHAT_RATE_LIMIT", "10 per 15 minutes", "Questions per visitor's address.", read=readers.rate)
    daily_limit: str | None = _setting("OKICHAT_DAILY_LIMIT", None, "Questions per visitor's address over a longer time, e.g. `100 per day`. Unset: in a day ten times what `OKICHAT_RATE_LIMIT` allows at once; `off`: no further limit.", read=readers.rate_or_off)
    max_turns: int = _setting("OKICHAT_MAX_TURNS", 30, "How many questions of one conversation GPT answers; further ones the knowledge base answers.", read=readers.whole(0, 10_000), unit="questions")
    degraded_rate_limit: str | None = _setting("OKICHAT_DEGRADED_RATE_LIMIT", None, "Questions per visitor's address while the quota of the model's host is spent. Unset: as always.", read=readers.rate)
    trusted_hops: int = _setting("OKICHAT_TRUSTED_HOPS", 0, "Proxies in front of the app whose `X-Forwarded-For` is believed.", read=readers.whole(0, 10))
    allowed_hosts: tuple[str, ...] = _setting("OKICHAT_ALLOWED_HOSTS", (), "Names under which the site answers, separated by blanks or commas, e.g. `chat.example.fr, *.example.com`. Unset: any.", read=readers.host_names)
    csp_report_uri: str | None = _setting("OKICHAT_CSP_REPORT_URI", None, "Address that browsers report violations of the content policy to. Unset: they report nothing.", read=readers.report_uri)
    embed_origins: tuple[str, ...] = _setting("OKICHAT_EMBED_ORIGINS", (), "Sites that may embed the chat, separated by blanks or commas, e.g. `https://www.example.fr`.", read=readers.origins)
    admin_password: str | None = _setting("OKICHAT_ADMIN_PASSWORD", None, "Opens the owner's dashboard at `/admin`, at least 12 characters. Unset: there is no dashboard.", read=readers.at_least_chars(12), secret=True)
    metrics_token: str | None = _setting("OKICHAT_METRICS_TOKEN", None, "Opens `/metrics` to Prometheus (`Authorization: Bearer …`). Unset: there are no metrics.", read=readers.at_least_chars(16), secret=True)
    retention_days: int = _setting("OKICHAT_RETENTION_DAYS", 30, "How long the text of conversations is kept.", read=readers.whole(1, 3650), unit="days")
    threads: int = _setting("OKICHAT_THREADS", 320, "Threads of one process: visitors served at the same time.", read=readers.whole(4, 1000))
    # fmt: on

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from `environ`. Raises SettingsError with every mistake there is."""
        values: dict[str, Any] = {}
        mistakes: list[str] = []
        for spec in fields(cls):
            raw = environ.get(spec.metadata["name"], "").strip()
            if not raw:
                continue
            try:
                values[spec.name] = spec.metadata["read"](raw)
            except ValueError as error:
                shown = "a value that is not shown" if spec.metadata["secret"] else repr(raw)
                mistakes.append(f"{spec.metadata['name']}: read {shown}; {error}")
        mistakes += [message for name, message in unknown_names(environ) if message]
        if (
            values.get("redis_url")
            and values.get("web_concurrency", 1) > 1
            and not environ.get("SECRET_KEY", "").strip()
        ):
            mistakes.append(
                f"SECRET_KEY: WEB_CONCURRENCY asks for several processes, which must share one; write {readers.A_SECRET}"
            )
        if mistakes:
            raise SettingsError(mistakes)
        if values.get("redis_url") and not values.get("redis_tls_verify", True):
            values["redis_url"] = readers.without_certificate_check(values["redis_url"])
        return cls(**values)

    @property
    def question_limits(self) -> tuple[str, ...]:
        """How many questions one visitor may ask: at once, and over a longer time where there is such a limit."""
        longer = self.daily_limit
        if longer is None and "day" not in self.rate_limit:
            longer = f"{10 * int(re.split(r'[ /]', self.rate_limit)[0])} per day"
        return tuple(dict.fromkeys(filter(None, (self.rate_limit, longer))))

    def __repr__(self) -> str:
        """Never a secret, wherever this ends up."""
        shown = (
            f"{spec.name}={'***' if spec.metadata['secret'] and getattr(self, spec.name) else repr(getattr(self, spec.name))}"
            for spec in fields(self)
        )
        return f"Settings({', '.join(shown)})"


def doubts(settings: Settings) -> list[str]:
    """What is probably a mistake but need not be one, a sentence each; nothing is asked of the model's host for it."""
    if settings.openai_api_key and settings.openai_base_url is None and not settings.openai_api_key.startswith("sk-"):
        return [
            "OPENAI_API_KEY does not begin with sk- like the keys of OpenAI; for another host set OPENAI_BASE_URL too"
        ]
    return []


def unknown_names(environ: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """The `OKICHAT_` names that are no setting, each with the mistake if it is probably a misspelt one, else None."""
    known = [spec.metadata["name"] for spec in fields(Settings)]
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
        yield name, f"{name}: there is no such setting; did you mean {near[0]}?" if near else None


def read_environment(folder: Path | None = None) -> dict[str, str]:
    """The real environment over `.env.local` over `.env`, both in `folder` (default: the current one)."""
    here = folder or Path.cwd()
    merged: dict[str, str] = {}
    for name in (".env", ".env.local"):
        merged.update({key: value for key, value in dotenv_values(here / name).items() if value is not None})
    return {**merged, **os.environ}


def load_settings() -> Settings:
    """The settings of this process. Raises SettingsError."""
    return Settings.from_environment(read_environment())


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of the table in docs/settings.md."""

    name: str
    default: str
    unit: str
    help: str


def settings_table() -> list[SettingRow]:
    """Every setting in the order of the class, as documentation shows it."""
    return [
        SettingRow(spec.metadata["name"], _shown(spec.default), spec.metadata["unit"], spec.metadata["help"])
        for spec in fields(Settings)
    ]


def settings_in_force(settings: Settings) -> list[tuple[str, str | None, bool]]:
    """Name, value as it may be shown, and whether it is another than the default; None for a secret that is set."""
    rows: list[tuple[str, str | None, bool]] = []
    for spec in fields(Settings):
        value = getattr(settings, spec.name)
        hidden = spec.metadata["secret"] and value is not None
        rows.append((spec.metadata["name"], None if hidden else _shown(value), value != spec.default))
    return rows


def _shown(value: Any) -> str:
    if value in (None, ()):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
