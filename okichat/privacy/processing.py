"""What this site does with what visitors write, told from its real settings: for the privacy page and the processing record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from okichat.hosts import host_of
from okichat.readers import is_loopback
from okichat.sentences import Say
from okichat.settings import Settings

_OPENAI = "api.openai.com"
_FIRMS = {_OPENAI: "OpenAI", "openai.azure.com": "Microsoft Azure", "api.mistral.ai": "Mistral AI"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody outside of the firm who handles data for it.

    role  host, model, database, redis, mail, webhook or sentry (translation `privacy.role.<word>`)
    name  a firm, the name of a server, or both
    """

    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Processing:
    """Who is responsible, who else sees what, and for how long.

    recipients      what runs on this machine itself is not among them
    model_recipient the one that questions are sent to; None while GPT is off, or where the model runs on this machine
    asks_gpt        whether questions go to a model at all
    """

    firm: str
    email: str | None
    phone: str | None
    address: str | None
    retention_days: int
    asks_gpt: bool
    model: str
    model_recipient: Recipient | None
    recipients: tuple[Recipient, ...]
    signs_in: bool

    @property
    def model_in_usa(self) -> bool:
        """Whether questions surely leave the European Union."""
        return self.model_recipient is not None and self.model_recipient.name.startswith(_FIRMS[_OPENAI])


def processing_of(settings: Settings, environ: Mapping[str, str]) -> Processing:
    """What these settings amount to; `environ` has the variables by which hosts make themselves known."""
    recipients = tuple(_recipients(settings, environ))
    return Processing(
        firm=settings.name,
        email=settings.contact_email,
        phone=settings.contact_phone,
        address=settings.contact_address,
        retention_days=settings.retention_days,
        asks_gpt=settings.openai_api_key is not None,
        model=settings.openai_model,
        model_recipient=next((each for each in recipients if each.role == "model"), None),
        recipients=recipients,
        signs_in=settings.admin_password is not None,
    )


def _recipients(settings: Settings, environ: Mapping[str, str]) -> Iterator[Recipient]:
    if host := host_of(environ):
        yield Recipient("host", host)
    addresses = {
        "model": (settings.openai_base_url or f"https://{_OPENAI}") if settings.openai_api_key else None,
        "database": settings.database_url,
        "redis": settings.redis_url,
        "mail": settings.smtp_url if settings.contact_to or settings.contact_email else None,
        "webhook": settings.alert_webhook,
        "sentry": settings.sentry_dsn,
    }
    for role, address in addresses.items():
        if address and (server := _server_in(address)):
            yield Recipient(role, server)


def _server_in(address: str) -> str | None:
    """The name of another machine in an address, never a user or a password of it; None for this machine and for a file."""
    server = urlsplit(address).hostname
    if not server or is_loopback(server):
        return None
    firm = next((firm for end, firm in _FIRMS.items() if server == end or server.endswith(f".{end}")), None)
    return f"{firm} ({server})" if firm else server


def record_of_processing(processing: Processing, say: Say, day: str) -> str:
    """The sheet of article 30 of the GDPR, as Markdown in the language of `say` (okichat.sentences).

    Everything in it follows from the settings; what only the firm knows is left to be filled in, and says so."""
    rows = [
        ("controller", _controller(processing, say)),
        ("purpose", say("record.purpose")),
        ("basis", say("record.basis")),
        ("people", say("record.people")),
        ("data", say("record.data")),
        ("not_data", say("record.not_data")),
        ("recipients", _listed(processing, say)),
        ("transfer", _transfer(processing, say)),
        ("retention", say("record.retention", days=processing.retention_days)),
        ("security", say("record.security.admin" if processing.signs_in else "record.security")),
        ("rights", say("record.rights")),
    ]
    lines = [f"# {say('record.title', firm=processing.firm)}", "", say("record.generated", day=day), ""]
    for name, text in rows:
        lines += [f"## {say(f'record.{name}.title')}", "", text, ""]
    return "\n".join(lines)


def _controller(processing: Processing, say: Say) -> str:
    details = (processing.firm, processing.address, processing.email, processing.phone)
    return ", ".join(filter(None, details)) + "\n\n" + say("record.fill_in")


def _listed(processing: Processing, say: Say) -> str:
    lines = [
        f"- {say('privacy.role.people')}",
        *(f"- {say(f'privacy.role.{r.role}')} : {r.name}" for r in processing.recipients),
    ]
    return "\n".join(lines)


def _transfer(processing: Processing, say: Say) -> str:
    if not processing.asks_gpt:
        return say("record.transfer.none")
    if processing.model_recipient is None:
        return say("record.transfer.here", model=processing.model)
    key = "record.transfer.usa" if processing.model_in_usa else "record.transfer.elsewhere"
    return say(key, model=processing.model, name=processing.model_recipient.name)
