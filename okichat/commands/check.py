"""`python -m okichat check`: whether this app, or a site that is served already, is as it should be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from urllib.parse import urlsplit

import click
from flask.cli import ScriptInfo

from okichat.commands.content_checks import content_checks
from okichat.commands.site_checks import site_checks
from okichat.errors import KnowledgeError, SettingsError
from okichat.health.finding import Finding, worst
from okichat.settings import Settings, load_settings
from okichat.web.parts import current_parts

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "red")}


@click.command("check")
@click.argument("site", required=False, metavar="[https://SITE]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for a program.")
@click.pass_context
def check_command(context: click.Context, site: str | None, as_json: bool) -> None:
    """Whether all is set up as it should be, here or at a SITE.

    Fails where something is broken. Here it costs nothing. A site is asked two questions, of which GPT may answer one."""
    if site is not None and (urlsplit(site).scheme not in ("http", "https") or not urlsplit(site).hostname):
        raise click.UsageError("write the whole address of the site, such as https://chat.example.fr")
    findings: list[Finding] = []
    for finding in _of_site(site) if site else _of_app(context):
        findings.append(finding)
        if not as_json:
            _show(finding)
    status = worst(findings)
    if as_json:
        click.echo(json.dumps({"status": status, "checks": list(map(asdict, findings))}, ensure_ascii=False, indent=1))
    if status == "error":
        context.exit(1)


def _of_site(site: str) -> Iterator[Finding]:
    try:
        settings = load_settings()
    except SettingsError:  # what is wrong here does not concern a site elsewhere
        settings = Settings()
    return site_checks(site, settings)


def _of_app(context: click.Context) -> Iterator[Finding]:
    try:
        app = context.ensure_object(ScriptInfo).load_app()
    except (SettingsError, KnowledgeError) as error:
        name = "settings" if isinstance(error, SettingsError) else "knowledge"
        yield from (Finding(name, "error", mistake) for mistake in error.mistakes)
        return
    with app.app_context():
        parts = current_parts()
        language = parts.settings.locale
        yield from content_checks(app, parts, parts.sentences(language))
        yield from parts.checks.before_visitors(language)


def _show(finding: Finding) -> None:
    mark, colour = _MARKS[finding.status]
    click.echo(f"{click.style(mark, fg=colour)} {finding.text}")
