"""`python -m okichat alert`: what was told, and whether it arrives."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from okichat.web.parts import current_parts


@click.command("alert")
@click.option("--test", is_flag=True, help="Send a test through every channel that is set.")
@with_appcontext
def alert_command(test: bool) -> None:
    """The last alerts; with --test, whether alerts arrive."""
    alerts = current_parts().alerts
    if not test:
        for given in (newest := alerts.newest(20)):
            click.echo(f"{given.raised_at:%Y-%m-%d %H:%M} UTC  {given.kind}: {alerts.in_words(given)}")
        if not newest:
            click.echo("No alert has been given yet.")
        return
    tried = alerts.try_out()
    if not tried:
        raise click.ClickException(
            "no channel is set: OKICHAT_ALERT_WEBHOOK, or OKICHAT_SMTP_URL and OKICHAT_CONTACT_TO"
        )
    for channel, failure in tried:
        click.echo(f"{channel}: {f'failed ({failure})' if failure else 'sent'}")
    if all(failure for _, failure in tried):
        raise click.ClickException("no alert would arrive")
