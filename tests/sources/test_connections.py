"""What comes over a connection to the model's host, and how much of it is taken."""

from __future__ import annotations

import tracemalloc

from tests.doubles.openai_server import OpenAIServer
from tests.site import Site

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
