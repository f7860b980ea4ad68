"""`python -m okichat gpt`: turn GPT off at once, and on again."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from okichat.monitoring.audit import COMMAND
from okichat.web.parts import current_parts


@click.command("gpt")
@click.argument("turn", type=click.Choice(["off", "on", "status"]), default="status")
@with_appcontext
def gpt_command(turn: str) -> None:
    """Turn GPT off or on at once, or say whether it may answer.

    Every process heeds it within two seconds, without a restart."""
    parts = current_parts()
    switch = parts.switch
    if turn != "status":
        switch.turn(off=turn == "off", way=COMMAND)
    if switch.off_by_setting:
        click.echo("GPT is off by OKICHAT_KILL_SWITCH: remove it and restart to turn GPT on.")
    elif switch.is_off():
        click.echo("GPT is off: the knowledge base answers alone. `okichat gpt on` turns it on again.")
    elif not (gpt := parts.health.gpt_state_in_detail()).works:
        click.echo(f"GPT is not turned off, but it does not answer: {gpt.why}.")
    else:
        click.echo("GPT may answer.")
