"""A burst of visitors spends the whole budget, and the next month begins, in the real app."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal

from werkzeug.test import TestResponse

from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.webhook import WebhookHost
from tests.site import STREAMING, Site
from tests.waiting import wait_until

IN_USD, OUT_USD, BUDGET_USD = Decimal("0.75"), Decimal("4.5"), Decimal("0.08")
LAST_EVENING = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)
NEXT_MONTH = datetime(2026, 11, 30, 23, 0, 1, tzinfo=UTC)  # one second past midnight in Paris
VISITORS = 6


def ask(site: Site, number: int, *, streamed: bool = False) -> TestResponse:
    """A question nobody has asked before, by a visitor of its own."""
    question = f"Quels sont vos tarifs pour {number} factures par mois ?"
    with site.app.test_client() as visitor:
        if streamed:
            return visitor.post("/chat", data={"question": question}, headers=STREAMING, buffered=True)
        return visitor.post("/api/chat", json={"question": question})


def burst(site: Site) -> tuple[list[str], set[int]]:
    """Visitors at once ask until GPT has not answered for a while: who answered, and the statuses of all replies."""
    rungs: list[str] = []
    statuses: set[int] = set()
    with ThreadPoolExecutor(VISITORS) as visitors:
        for first in range(0, 400, 2 * VISITORS):
            numbers = range(first, first + 2 * VISITORS)
            replies = list(visitors.map(lambda number: ask(site, number, streamed=number % 4 == 3), numbers))
            statuses |= {reply.status_code for reply in replies}
            newest = [reply.get_json()["answered_by"] for reply in replies if reply.is_json]
            rungs += newest
            if "gpt" not in newest:
                return rungs, statuses
    raise AssertionError("the budget was never spent")


def ask_until_it_is_spent(site: Site) -> str:
    """One visitor after the other, as what the burst had reserved and not used is free again: what the first without GPT reads."""
    for number in range(1000, 1100):
        answer = ask(site, number).get_json()
        if answer["answered_by"] != "gpt":
            return str(answer["notice"])
    raise AssertionError("the budget was never spent")


def texts(webhook: WebhookHost, count: int) -> list[str]:
    """The alerts that have arrived, once there are so many."""
    wait_until(lambda: len(webhook.posts) >= count, f"{count} alerts have arrived")
    return [str(post["text"]) for post in webhook.posts]


def invoice_microusd(model: OpenAIServer) -> int:
    """What the host bills for every request so far, each rounded up as in the ledger."""
    bills = (request.billed for request in model.requests)
    costs = (IN_USD * bill.input_tokens + OUT_USD * bill.output_tokens for bill in bills)
    return sum(int(cost.to_integral_value(ROUND_CEILING)) for cost in costs)


def test_a_burst_spends_the_budget_and_the_next_month_begins_without_a_restart(
    open_site: Callable[..., Site], model: OpenAIServer, webhook_host: WebhookHost
) -> None:
    clock = StoppedClock(LAST_EVENING)
    site = open_site(
        clock,
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL=model.base_url,
        OKICHAT_BUDGET_USD=str(BUDGET_USD),
        OKICHAT_PRICE_INPUT=str(IN_USD),
        OKICHAT_PRICE_OUTPUT=str(OUT_USD),
        OKICHAT_ALERT_WEBHOOK=webhook_host.url,
    )
    site.parts.upkeep.start()
    assert 'class="mode mode-gpt"' in site.client.get("/").get_data(as_text=True)

    rungs, statuses = burst(site)

    assert statuses == {200}
    assert rungs[0] == "gpt"
    assert set(rungs) == {"gpt", "local"}
    assert "local" not in rungs[: rungs.count("gpt") // 2]
    assert "mois prochain" in ask_until_it_is_spent(site)
    assert 'class="mode mode-local"' in site.client.get("/").get_data(as_text=True)
    month = site.parts.budget.month()
    assert month.spent_microusd == invoice_microusd(model) > 0
    assert (month.reserved_microusd, month.crossed) == (0, (50, 80, 100))
    assert month.spent_microusd <= BUDGET_USD * 1_000_000
    alerts = texts(webhook_host, 3)
    assert len(alerts) == 3
    assert sum("50 %" in alert for alert in alerts) == 1
    assert sum("80 %" in alert for alert in alerts) == 1

    spent_in_november, asked_in_november = month.spent_microusd, len(model.requests)
    clock.stand_at(NEXT_MONTH)

    assert ask(site, 2000).get_json()["answered_by"] == "gpt"
    assert 'class="mode mode-gpt"' in site.client.get("/").get_data(as_text=True)
    december = site.parts.budget.month()
    assert (december.month, len(model.requests)) == ("2026-12", asked_in_november + 1)
    assert december.spent_microusd == invoice_microusd(model) - spent_in_november
    assert len(texts(webhook_host, 4)) == 4  # the fourth says that it is over
    verified = site.app.test_cli_runner().invoke(args=["okichat", "usage", "--verify"])
    assert verified.exit_code == 0, verified.output
    assert "The ledger adds up." in verified.output


def test_the_owner_corrects_the_ledger_and_it_still_adds_up(gpt_site: Site) -> None:
    gpt_site.ask("Quels sont vos tarifs ?")
    before = gpt_site.parts.budget.month().spent_microusd
    usage = ["okichat", "usage"]
    runner = gpt_site.app.test_cli_runner()

    unexplained = runner.invoke(args=[*usage, "--correct", "0.5"])
    corrected = runner.invoke(args=[*usage, "--correct", "0.5", "--why", "invoice of November", "--verify"])

    assert unexplained.exit_code != 0
    assert "--why" in unexplained.output
    assert corrected.exit_code == 0, corrected.output
    assert "The ledger adds up." in corrected.output
    assert gpt_site.parts.budget.month().spent_microusd == before + 500_000
