"""`python -m okichat ask`: one question, answered as a visitor's."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from okichat.answer import last_answer
from okichat.errors import Refusal
from okichat.question import Question
from okichat.web.parts import current_parts


@click.command("ask")
@click.argument("question")
@click.option(
    "--lang", default="fr", type=click.Choice(["fr", "en"]), help="Language where the question does not tell."
)
@with_appcontext
def ask_command(question: str, lang: str) -> None:
    """Answer QUESTION as a visitor would be answered, and say how."""
    try:
        answer = last_answer(current_parts().assistant.answer(Question.from_text(question, locale=lang)))
    except Refusal as refusal:
        raise click.ClickException(f"refused: {refusal.code}") from refusal
    click.echo(answer.text)
    passed = ", ".join(f"{p.source} passed ({p.reason})" for p in answer.passed)
    cost = f"{answer.usage.tokens} tokens, ${answer.usage.cost_usd:.6f}" if answer.usage else "free"
    about = ", ".join(answer.topics) or "no topic"
    click.secho(f"\n{answer.answered_by} · {about} · confidence {answer.confidence:.2f} · {cost} · {passed}", dim=True)
