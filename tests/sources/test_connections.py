"""What comes over a connection to the model's host: how much of it is taken, and how a thread that waits for it is woken."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable

import httpx2
import pytest

from okichat.sources.connections import ended_by, make_interruptible
from tests.doubles.openai_server import OpenAIServer
from tests.site import Site
from tests.waiting import PATIENCE_S, wait_until

MEBIBYTE = 2**20


def test_a_reply_without_end_does_not_fill_the_memory(gpt_site: Site, model: OpenAIServer) -> None:
    gpt_site.ask("Quels sont vos tarifs ?")  # what is opened for the first question is no part of it
    model.fail("huge_body")  # 48 MiB in one line
    tracemalloc.start()
    try:
        reply = gpt_site.ask("Faites-vous la paie ?")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert reply["answered_by"] == "local"
    assert most < 32 * MEBIBYTE


def test_every_reply_may_be_as_long_as_the_one_before(
    gpt_site: Site, model: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("okichat.sources.connections.MOST_BYTES", 20_000)  # of which one takes a third

    answers = [gpt_site.ask(f"Quels sont vos tarifs pour {number} salariés ?") for number in range(6)]

    assert {answer["answered_by"] for answer in answers} == {"gpt"}


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
def test_a_thread_that_waits_for_a_silent_host_is_woken(model: OpenAIServer, encrypted: bool) -> None:
    base_url = model.break_with("self_signed_certificate") if encrypted else model.base_url
    model.reply(gate=threading.Event())
    client = make_interruptible(httpx2.Client(verify=False, timeout=2 * PATIENCE_S))
    enders: list[Callable[[], None]] = []
    woken: list[Exception] = []

    def ask() -> None:
        body = {"model": "m", "messages": [{"role": "user", "content": "?"}], "stream": True}
        try:
            with ended_by(enders.append):
                client.post(f"{base_url}/chat/completions", json=body)
        except httpx2.HTTPError as error:
            woken.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(lambda: model.requests, "the host has been asked")
    for end in enders:
        end()
    asking.join(PATIENCE_S)
    client.close()

    assert len(woken) == 1
    model.wait_until_left(model.requests[0])
