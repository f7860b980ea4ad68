"""POST /api/chat, as DESIGN.md promises it to other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode

from okichat.question import clean_text, is_encodable
from tests.doubles.openai_server import OpenAIServer
from tests.site import Site


def test_a_question_about_services_is_answered_on_that_topic(site: Site) -> None:
    reply = site.ask("Quels sont vos services?")

    assert (reply["answered_by"], reply["source"], reply["topics"][0]) == ("local", "fallback", "services")
    assert "comptab" in reply["response"].lower()
    assert reply["sources"][0]["title"] == "Nos services"


def test_a_reply_has_exactly_the_promised_members(site: Site) -> None:
    reply = site.ask("Quels sont vos tarifs ?")

    assert set(reply) == {
        "response", "source", "answered_by", "topics", "sources", "notice", "tokens", "cost_usd", "conversation", "request_id"
    }  # fmt: skip
    assert (reply["notice"], reply["tokens"], reply["cost_usd"]) == (None, 0, 0.0)


def test_with_a_working_key_gpt_answers_even_the_question_test(gpt_site: Site, model: OpenAIServer) -> None:
    model.reply("Tout fonctionne.")

    reply = gpt_site.ask("test")

    assert (reply["source"], reply["answered_by"], reply["response"]) == ("gpt", "gpt", "Tout fonctionne.")
    assert reply["tokens"] > 0
    assert reply["cost_usd"] > 0


def test_an_off_topic_question_gets_a_human_and_no_topics_and_costs_nothing(
    gpt_site: Site, model: OpenAIServer
) -> None:
    reply = gpt_site.ask("Quelle est la meilleure recette de pâte à crêpes ?")

    assert (reply["answered_by"], reply["topics"], reply["tokens"]) == ("handoff", [], 0)
    assert "/contact" in reply["response"]
    assert model.requests == []


def test_the_human_contact_of_the_settings_is_part_of_a_hand_off(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_CONTACT_PHONE="01 99 00 12 34", OKICHAT_CONTACT_EMAIL="bonjour@cabinet.example")

    response = site.ask("Qui a gagné la coupe du monde de rugby ?")["response"]

    assert "01 99 00 12 34" in response
    assert "bonjour@cabinet.example" in response


def test_a_conversation_goes_on_with_its_reference(gpt_site: Site, model: OpenAIServer) -> None:
    first = gpt_site.ask("Comment créer une SAS ?")

    second = gpt_site.ask("et pour une association ?", conversation=first["conversation"])

    contents = [message["content"] for message in model.requests[-1].body["messages"]]
    assert any("Comment créer une SAS" in content for content in contents)
    assert gpt_site.parts.references.read(second["conversation"]) == gpt_site.parts.references.read(
        first["conversation"]
    )


def test_a_reference_that_is_not_ours_begins_a_new_conversation(gpt_site: Site, model: OpenAIServer) -> None:
    first = gpt_site.ask("Comment créer une SAS ?")

    gpt_site.ask("et pour une association ?", conversation=first["conversation"] + "x")

    assert len(model.requests[-1].body["messages"]) == 2


def test_the_events_of_a_stream_add_up_to_the_answer(gpt_site: Site, model: OpenAIServer) -> None:
    model.reply("Nous tenons **vos comptes**.\n\nDemandez un devis.")

    response = gpt_site.client.post(
        "/api/chat", json={"question": "Tenez-vous les comptes ?"}, headers={"Accept": "text/event-stream"}
    )

    events = _events(response.get_data(as_text=True))
    answer = events[-1][1]
    assert response.mimetype == "text/event-stream"
    assert [name for name, _ in events].count("answer") == 1
    assert "".join(data["text"] for name, data in events if name == "delta") == answer["response"]
    assert answer["answered_by"] == "gpt"


def test_accepting_anything_is_no_wish_for_a_stream(site: Site) -> None:
    response = site.client.post("/api/chat", json={"question": "Vos horaires ?"}, headers={"Accept": "*/*"})

    assert response.mimetype == "application/json"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed"),
        (b"", "empty"),
        (b"[1]", "malformed"),
        (b"null", "malformed"),
        (b"3", "malformed"),
        (b'"Vos horaires ?"', "malformed"),
        (b'{"question": ["a"]}', "malformed"),
        (b'{"question": {"text": {"deep": {}}}}', "malformed"),
        (b'{"question": 12}', "malformed"),
        (b'{"question": null}', "malformed"),
        (b'{"question": "a\\u0000b"}', "malformed"),
        (b'{"question": "a\\ud800b"}', "malformed"),
        (b'{"question": "Vos tarifs ?", "conversation": 3}', "malformed"),
        (b'{"question": "Vos tarifs ?", "locale": "de"}', "malformed"),
        (b'{"question": "Vos tarifs ?", "request_key": "short"}', "malformed"),
        (b'\xff\xfe{"question": "a"}', "malformed"),
        (b"{}", "empty"),
        (b'{"message": "Vos tarifs ?"}', "empty"),
        (b'{"question": ""}', "empty"),
        (b'{"question": " \\n\\t "}', "empty"),
        (b'{"question": "\\u200b\\u200b"}', "empty"),
        (json.dumps({"question": "a" * 501}).encode(), "too_long"),
    ],
)
def test_what_is_no_question_gets_400_with_a_sentence_and_a_code(site: Site, body: bytes, code: str) -> None:
    response = site.client.post("/api/chat", data=body, content_type="application/json")

    error = response.get_json()
    assert (response.status_code, error["code"]) == (400, code)
    assert len(error["error"]) > 10
    assert "refusal." not in error["error"]


def test_500_characters_are_a_question(site: Site) -> None:
    assert site.post("é" * 500).status_code == 200


@pytest.mark.parametrize(
    ("request_arguments", "status"),
    [
        ({"data": b"x" * 10_000_000, "content_type": "application/json"}, 413),
        ({"data": "question=a", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": b'{"question": "a"}'}, 415),
        ({"data": b'{"question": "a"}', "content_type": "application/json; charset=utf-16"}, 415),
        ({"json": {"question": "a"}, "headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
        ({"json": {"question": "a"}, "headers": {"Origin": "https://elsewhere.example"}}, 403),
    ],
)
def test_what_cannot_be_taken_gets_its_status_with_error_and_code(
    site: Site, request_arguments: dict[str, Any], status: int
) -> None:
    response = site.client.post("/api/chat", **request_arguments)

    assert response.status_code == status
    assert set(response.get_json()) == {"error", "code"}


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_other_methods_get_405_and_hear_which_one_works(site: Site, method: str) -> None:
    response = getattr(site.client, method)("/api/chat")

    assert (response.status_code, set(response.get_json())) == (405, {"error", "code"})
    assert "POST" in response.headers["Allow"]


def test_errors_are_told_in_the_language_of_the_request(site: Site) -> None:
    response = site.client.post("/api/chat?lang=en", json={"question": ""})

    assert "empty" in response.get_json()["error"]


def test_an_english_question_gets_an_english_answer(site: Site) -> None:
    reply = site.ask("What are your opening hours?")

    assert reply["topics"][0] == "horaires"
    assert "Monday" in reply["response"]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_keeps_what_its_description_promises(site: Site, mode: GenerationMode) -> None:
    operation = schemathesis.openapi.from_wsgi("/api/openapi.json", site.app)["/api/chat"]["POST"]
    tried = 0

    @hypothesis.settings(
        max_examples=150,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def answers_as_described(case: Any) -> None:
        nonlocal tried
        if mode is GenerationMode.POSITIVE:  # a form cannot say that at least one character must be visible
            hypothesis.assume(clean_text(case.body["question"]) and is_encodable(case.body["question"]))
        tried += 1
        case.call_and_validate(headers={"Accept-Encoding": "identity"})

    answers_as_described()
    assert tried >= 20


def _events(text: str) -> list[tuple[str, dict[str, Any]]]:
    events = []
    for message in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in message.split("\n") if not line.startswith(":") and ": " in line)
        if lines:
            events.append((lines["event"], json.loads(lines["data"])))
    return events
