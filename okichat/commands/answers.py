"""`python -m okichat evaluate` and `python -m okichat parity`: how good the answers are."""

from __future__ import annotations

import html
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

import click
from flask.cli import with_appcontext

import okichat
from okichat.answer import Answer
from okichat.knowledge.calibration import calibration_file, read_calibration
from okichat.knowledge.evaluation import LabelledQuestion, calibrate, evaluate, read_questions
from okichat.knowledge.report import write_report
from okichat.knowledge.search import Search
from okichat.language import LANGUAGES
from okichat.money.prices import price_of
from okichat.question import Question
from okichat.sources.local import Local
from okichat.sources.parity import CannotAsk, Pair, Parity, example_questions, likely_cost_usd
from okichat.sources.small_talk import kind_of_small_talk
from okichat.web.parts import current_parts

_HALVES = tuple(
    Path(okichat.__file__).parents[1] / "tests" / "evaluation" / name for name in ("tune.jsonl", "report.jsonl")
)
_AT_ONCE = 4
_LINE = '{"question": "…", "language": "fr", "kind": "plain", "topics": ["tarifs"]}'
_PAGE = Template("""<!doctype html><meta charset="utf-8"><title>Parity</title>
<style>body{font:15px/1.5 system-ui;margin:2rem;max-width:80rem}table{border-collapse:collapse;width:100%}
td{border:1px solid #ccc;padding:.6rem;vertical-align:top;width:50%;white-space:pre-wrap}h2{margin:2rem 0 .2rem}</style>
<h1>Where GPT and the knowledge base differ</h1><p>$summary</p>$pairs""")
_PAIR = Template("""<h2>$question</h2><p>$topic · $differences</p><table><tr><td>GPT

$gpt</td><td>Knowledge base

$local</td></tr></table>""")


@click.command("evaluate")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="[FILE…]")
@click.option("--ask", "show_misses", is_flag=True, help="Show the questions that are not answered as they should be.")
@click.option(
    "--calibrate", "find_thresholds", is_flag=True, help="Find the thresholds on the first FILE and keep them."
)
@click.option(
    "--write", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures of the last FILE."
)
@with_appcontext
def evaluate_command(files: tuple[Path, ...], show_misses: bool, find_thresholds: bool, page: Path | None) -> None:
    """How well the knowledge base understands lists of questions.

    Each FILE is one; for the shipped topics, in a checkout, those of tests/evaluation."""
    parts = current_parts()
    shipped = () if parts.settings.knowledge else tuple(path for path in _HALVES if path.is_file())
    files = files or shipped
    if not files:
        raise click.UsageError(
            f"name a FILE of questions to your topics, one object a line: {_LINE}; "
            'where none of them answers, "kind": "off_topic", "topics": []'
        )
    search, today = parts.search, parts.summary.today
    if find_thresholds:
        found = calibrate(search, _read(files[0]), today)
        found.write(calibration_file(parts.settings.knowledge))
        search = Search(parts.library, found, today=parts.search.today)
        click.echo(f"Thresholds of {files[0].name} kept: {found}\n")
    for file in files:
        scores = evaluate(search, _read(file), _is_small_talk)
        click.echo(f"{file.name}: {len(scores.outcomes)} questions\n\n{scores.table()}\n")
        if show_misses:
            click.echo("\n".join(scores.misses()) + "\n")
    if page is not None:
        is_new = write_report(page, scores, _name(files[-1]), read_calibration(parts.settings.knowledge), today)
        click.echo(f"{page}: {'written' if is_new else 'up to date'}.")


def _is_small_talk(question: Question) -> bool:
    return kind_of_small_talk(question.text) is not None


def _read(file: Path) -> tuple[LabelledQuestion, ...]:
    try:
        return read_questions(file)
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"{file}: not one object a line such as {_LINE} ({error!r})") from error


def _name(file: Path) -> str:
    return file.relative_to(_HALVES[0].parents[2]).as_posix() if file in _HALVES else file.name


@click.command("parity")
@click.option("--lang", "languages", multiple=True, type=click.Choice(LANGUAGES), help="Only this language.")
@click.option("--each", type=click.IntRange(1), help="Only so many questions of each topic.")
@click.option("--yes", is_flag=True, help="Do not ask before spending.")
@click.option(
    "--html",
    "page",
    default="parity.html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes.",
)
@with_appcontext
def parity_command(languages: tuple[str, ...], each: int | None, yes: bool, page: Path) -> None:
    """Where GPT and the knowledge base answer otherwise.

    Asks every example question both ways. Spends from the month's budget, and stops when that is used up."""
    parts = current_parts()
    if parts.gpt.off_because is not None:
        raise click.ClickException(f"GPT is off: {parts.gpt.off_because}")
    price = price_of(parts.settings.openai_model, parts.settings)
    if price is None:
        raise click.ClickException(f"the price of {parts.settings.openai_model} is not known")
    questions = example_questions(parts.library, languages or parts.library.languages, each)
    cost_usd = likely_cost_usd(questions, parts.search, parts.prompt, price)
    left_usd = parts.budget.month().left_microusd / 1_000_000
    click.echo(
        f"{len(questions)} questions to {parts.settings.openai_model}: about ${cost_usd:.4f}; ${left_usd:.4f} are left."
    )
    if not yes:
        click.confirm("Spend that?", abort=True)
    parity = Parity(parts.search, parts.gpt, Local(parts.sentences))
    with click.progressbar(length=len(questions), label="Asking") as bar:
        pairs, stopped = _ask(parity, questions, lambda: bar.update(1))
    differing = [pair for pair in pairs if pair.differences]
    for pair in differing:
        click.echo(f"\n{pair.question.text}  [{pair.topic}]\n  {'; '.join(pair.differences)}")
        click.echo(f"  GPT:   {_one_line(pair.gpt, pair.why_not)}\n  local: {_one_line(pair.local, pair.why_not)}")
    spent_usd = sum(pair.gpt.usage.cost_usd for pair in pairs if pair.gpt and pair.gpt.usage)
    summary = f"{len(differing)} of {len(pairs)} differ; ${spent_usd:.4f} spent."
    page.write_text(_html(differing, summary), encoding="utf-8")
    click.echo(f"\n{summary} Side by side: {page}")
    if stopped:
        raise click.ClickException(
            f"GPT could not be asked any more ({stopped}); {len(questions) - len(pairs)} left out"
        )


def _ask(
    parity: Parity, questions: list[tuple[str, Question]], on_answer: Callable[[], None]
) -> tuple[list[Pair], str | None]:
    """All pairs, some asked at once; the reason why GPT could be asked no more, if it came to that."""
    pairs: list[Pair] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for batch in _batches(questions):
            futures = [pool.submit(parity.pair, topic, question) for topic, question in batch]
            stopped = None
            for future in futures:
                try:
                    pairs.append(future.result())
                except CannotAsk as error:
                    stopped = str(error)
                on_answer()
            if stopped:
                return pairs, stopped
    return pairs, None


def _batches(questions: Iterable[tuple[str, Question]]) -> Iterator[list[tuple[str, Question]]]:
    left = iter(questions)
    while batch := list(itertools.islice(left, _AT_ONCE)):
        yield batch


def _one_line(answer: Answer | None, why_not: str) -> str:
    return " ".join(answer.text.split()) if answer else f"({why_not})"


def _html(pairs: Iterable[Pair], summary: str) -> str:
    shown = [
        _PAIR.substitute(
            question=html.escape(pair.question.text),
            topic=html.escape(pair.topic),
            differences=html.escape("; ".join(pair.differences)),
            gpt=html.escape(pair.gpt.text if pair.gpt else f"({pair.why_not})"),
            local=html.escape(pair.local.text if pair.local else f"({pair.why_not})"),
        )
        for pair in pairs
    ]
    return _PAGE.substitute(summary=html.escape(summary), pairs="\n".join(shown))
