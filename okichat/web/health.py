"""Whether the app is alive, and what of it works."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from okichat.errors import StoreUnavailable
from okichat.question import Question
from okichat.sources.handoff import Handoff
from okichat.sources.local import Local
from okichat.sources.small_talk import SmallTalk
from okichat.sources.source import AnswerSource
from okichat.sources.trial import why_broken
from okichat.web.parts import Parts, current_parts

_TRIED = "Bonjour, quels sont vos tarifs ?"

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """The process answers. Costs nothing."""
    return "ok\n", 200, {"Content-Type": "text/plain; charset=utf-8"}


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """Which rungs and stores work, without a paid call: the free rungs are tried. 503 only if none can answer.

    Visitors are answered without a store, so neither store decides. While the app stops it takes no more connections,
    and a probe notices that by itself."""
    parts = current_parts()
    rungs = {"small_talk": _tried(parts, SmallTalk(parts.settings.name)), "gpt": _gpt(parts)}
    rungs |= {"local": _tried(parts, Local()), "handoff": _tried(parts, Handoff())}
    stores = {"store": _store(parts)} | ({"redis": _redis(parts)} if parts.settings.redis_url else {})
    status = 200 if any(rung["works"] for rung in rungs.values()) else 503
    return jsonify(mode=parts.mode, rungs=rungs, **stores), status


def _tried(parts: Parts, source: AnswerSource) -> dict[str, Any]:
    question = Question(_TRIED, parts.settings.locale)
    why = why_broken(source, question, parts.search.find(question))
    return {"works": False, "why": why} if why else {"works": True}


def _redis(parts: Parts) -> dict[str, Any]:
    return {"works": True} if parts.limiter.storage.check() else {"works": False, "why": "no_answer"}


def _gpt(parts: Parts) -> dict[str, Any]:
    if parts.gpt.off_because is not None:
        return {"works": False, "why": parts.gpt.off_because}
    if pause := parts.gpt.pause():
        return {"works": False, "why": pause.cause, "until": pause.until.isoformat(timespec="seconds")}
    return {"works": True} if parts.gpt.available() else {"works": False, "why": "budget_or_price"}


def _store(parts: Parts) -> dict[str, Any]:
    kind = "sqlite" if parts.store.is_sqlite else "postgres"
    try:
        with parts.store.read() as connection:
            connection.exec_driver_sql("SELECT 1")
    except StoreUnavailable as error:
        return {"works": False, "kind": kind, "why": str(error)}
    return {"works": True, "kind": kind}
