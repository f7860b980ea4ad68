"""`python -m okichat evaluate` and `python -m okichat parity`, as the operator types them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from okichat.knowledge.calibration import read_calibration
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.knowledge.folders import write_prices_and_place
from tests.served import ROOT
from tests.site import Site


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    rows = [
        {"question": "Quels sont vos tarifs ?", "language": "fr", "kind": "plain", "topics": ["tarifs"]},
        {"question": "Quels sont vos horaires ?", "language": "fr", "kind": "plain", "topics": ["tarifs"]},
        {"question": "recette de la ratatouille", "language": "fr", "kind": "off_topic", "topics": []},
    ]
    path = tmp_path / "asked.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return write_prices_and_place(tmp_path / "own")


@pytest.fixture
def gpt_site(open_site: Callable[..., Site], own: Path, model: OpenAIServer) -> Site:
    return open_site(
        OKICHAT_KNOWLEDGE=str(own),
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL=model.base_url,
        OKICHAT_GROUNDING="off",
    )


def test_in_a_checkout_both_halves_are_evaluated(site: Site) -> None:
    said = site.command("evaluate")

    assert said.exit_code == 0, said.output
    assert [line.split(":")[0] for line in said.output.splitlines() if ".jsonl: " in line] == [
        "tune.jsonl",
        "report.jsonl",
    ]
    assert said.output.count("right topic first") == 2


def test_a_file_of_one_s_own_is_counted_and_its_misses_shown_on_request(site: Site, questions: Path) -> None:
    plain, full = (
        site.command("evaluate", str(questions)).output,
        site.command("evaluate", "--ask", str(questions)).output,
    )

    assert "right topic first        50.0 %  (1 of 2; 9 to 91 %)" in plain
    assert "[plain]" not in plain
    assert "[plain] Quels sont vos horaires ?\n    meant tarifs, found horaires" in full


def test_a_file_that_is_none_is_refused_with_an_example_of_one(site: Site, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"question": "Vos tarifs ?"}\n')

    said = site.command("evaluate", str(tmp_path / "x.jsonl"))

    assert said.exit_code == 1
    assert '"topics": ["tarifs"]' in said.output


def test_own_topics_are_not_measured_with_questions_to_the_shipped_ones(
    open_site: Callable[..., Site], own: Path
) -> None:
    said = open_site(OKICHAT_KNOWLEDGE=str(own)).command("evaluate")

    assert said.exit_code == 2
    assert "name a FILE of questions to your topics" in said.output
    assert '"kind": "off_topic", "topics": []' in said.output


def test_the_thresholds_found_belong_to_the_knowledge_they_were_found_for(
    open_site: Callable[..., Site], own: Path, tmp_path: Path
) -> None:
    shipped = read_calibration()
    rows = [("Vos prix ?", "prix"), ("c'est combien", "prix"), ("votre adresse", "lieu"), ("les prix svp", "prix")]
    lines = [json.dumps({"question": text, "language": "fr", "kind": "plain", "topics": [slug]}) for text, slug in rows]
    (tmp_path / "asked.jsonl").write_text("\n".join(lines))
    site = open_site(StoppedClock(), OKICHAT_KNOWLEDGE=str(own))

    said = site.command("evaluate", "--calibrate", str(tmp_path / "asked.jsonl"))

    assert said.exit_code == 0, said.output
    assert read_calibration(own).date == "2026-11-23"
    assert read_calibration(own) != shipped
    assert read_calibration() == shipped


def test_the_document_has_the_figures_of_today(site: Site, tmp_path: Path) -> None:
    """Run `python -m okichat evaluate --write docs/answers.md` after a change of the search or of the topics.

    Versions of Python add floating-point numbers up in other ways, so a question or two may differ between them."""
    document = (ROOT / "docs" / "answers.md").read_text(encoding="utf-8")
    page = tmp_path / "answers.md"
    page.write_text(document, encoding="utf-8")

    site.command("evaluate", "--write", str(page))

    written, measured = _headlines(document), _headlines(page.read_text(encoding="utf-8"))
    assert len(written) == 3
    assert measured == pytest.approx(written, abs=1.5)


def _headlines(document: str) -> list[float]:
    """The measured percentages of the table of targets."""
    return [
        float(share) for share in re.findall(r"^\| .*, at (?:least|most) \d+ % \| ([\d.]+) %", document, re.MULTILINE)
    ]


def test_the_document_is_written_where_the_figures_have_changed(site: Site, questions: Path, tmp_path: Path) -> None:
    page = tmp_path / "answers.md"

    said = site.command("evaluate", str(questions), "--write", str(page))

    assert "written" in said.output
    assert "| plain | 50.0 % (1 of 2; 9 to 91 %) |" in page.read_text(encoding="utf-8")
    assert "with `asked.jsonl`: 3 questions" in page.read_text(encoding="utf-8")


def test_parity_says_what_it_will_cost_and_spends_nothing_without_a_yes(gpt_site: Site, model: OpenAIServer) -> None:
    said = gpt_site.command("parity", answer="n\n")

    assert said.exit_code == 1
    assert said.output.startswith("3 questions to gpt-6-luna: about $0.0")
    assert model.requests == []


def test_parity_lists_what_differs_side_by_side(gpt_site: Site, model: OpenAIServer, tmp_path: Path) -> None:
    model.always_reply("Une mission coûte <b>450 €</b>, à Paris.")

    said = gpt_site.command("parity", "--yes", "--html", str(tmp_path / "parity.html"))

    assert said.exit_code == 0, said.output
    assert len(model.requests) == 3
    assert "Vos prix ?  [prix]\n  GPT also says 450 €; GPT does not say 300 €\n" in said.output
    assert "local: Une mission coûte 300 €." in said.output
    page = (tmp_path / "parity.html").read_text(encoding="utf-8")
    assert "3 of 3 differ" in page
    assert "<b>" not in page
    assert "&lt;b&gt;450 €" in page


def test_parity_stops_where_gpt_cannot_be_asked_and_shows_what_there_is(
    gpt_site: Site, model: OpenAIServer, tmp_path: Path
) -> None:
    model.always_fail("insufficient_quota")

    said = gpt_site.command("parity", "--yes", "--html", str(tmp_path / "parity.html"))

    assert said.exit_code == 0 or "could not be asked any more" in said.output
    assert (tmp_path / "parity.html").is_file()


def test_parity_without_a_key_says_why_not(site: Site) -> None:
    said = site.command("parity")

    assert (said.exit_code, said.output) == (1, "Error: GPT is off: no_key\n")
