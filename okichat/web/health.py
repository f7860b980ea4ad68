"""Whether the app is alive, and what of it works."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from okichat.errors import StoreUnavailable
from okichat.web.parts import Parts, current_parts

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """The process answers. Costs nothing."""
    return "ok\n", 200, {"Content-Type": "text/plain; charset=utf-8"}


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """Which rungs and stores work, without a paid call. A rung that always answers is part of the app, so this is always 200."""
    parts = current_parts()
    return jsonify(
        mode=parts.mode,
        rungs={"small_talk": _ok(), "gpt": _gpt(parts), "local": _ok(), "handoff": _ok()},
        store=_store(parts),
    )


def _ok() -> dict[str, Any]:
    return {"works": True}


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
