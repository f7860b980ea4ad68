"""`flask okichat gpt`: turn GPT off at once, and on again."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from okichat.monitoring.audit import COMMAND
from okichat.web.parts import current_parts


@click.command("gpt")
@click.argument("turn", type=click.Choice(["off", "on", "status"]), default="status")
@with_appcontext
def gpt_command(turn: str) -> None:
    """Turn GPT off for every process within two seconds, without a restart; or on again; or say whether it may answer."""
    switch = current_parts().switch
    if turn != "status":
        switch.turn(off=turn == "off", way=COMMAND)
    if switch.off_by_setting:
        click.echo("GPT is off by OKICHAT_KILL_SWITCH: remove it and restart to turn GPT on.")
    elif switch.is_off():
        click.echo("GPT is off: the knowledge base answers alone. `okichat gpt on` turns it on again.")
    elif why := current_parts().gpt.stays_off:
        click.echo(f"GPT is not turned off, but it stays off: {why}.")
    else:
        click.echo("GPT may answer.")
