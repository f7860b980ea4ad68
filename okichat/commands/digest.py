"""`python -m okichat digest`: the week in one letter, for a cron job or to look at."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from okichat.monitoring.digest import Week
from okichat.web.parts import current_parts


def _week(_context: click.Context, _option: click.Parameter, name: str | None) -> Week | None:
    try:
        return Week.named(name) if name else None
    except ValueError:
        raise click.BadParameter("write a week as ISO 8601 does, such as 2026-W48") from None


@click.command("digest")
@click.option("--show", is_flag=True, help="Print the letter and send nothing.")
@click.option("--week", callback=_week, metavar="WEEK", help="Another week than the last one, e.g. 2026-W48.")
@with_appcontext
def digest_command(show: bool, week: Week | None) -> None:
    """Send what last week brought, by the channels of alerts.

    Once, however often it is asked for."""
    parts = current_parts()
    week = week or parts.digest.last_week
    if show:
        click.echo(parts.digest.text(week))
        return
    if not parts.alerts.has_channel:
        raise click.ClickException(
            "no channel is set: OKICHAT_ALERT_WEBHOOK, or OKICHAT_SMTP_URL and OKICHAT_CONTACT_TO; --show prints the letter"
        )
    is_new = parts.digest.send(week)
    if not parts.digest.is_sent(week):
        raise click.ClickException(f"{week.name}: no channel takes it now; the running app tries again")
    click.echo(f"{week.name}: {'sent' if is_new else 'was sent before'}.")
