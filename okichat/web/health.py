"""Whether the app is alive, and what of it works, for hosts and load balancers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from okichat.health.state import State, StoreState
from okichat.web.parts import current_parts

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
    rungs, redis = parts.health.rungs(), parts.health.redis_state()
    stores = {"store": _store(parts.health.store_state())} | ({"redis": _state(redis)} if redis else {})
    status = 200 if any(rung.works for rung in rungs.values()) else 503
    return jsonify(mode=parts.mode, rungs={name: _state(rung) for name, rung in rungs.items()}, **stores), status


def _state(state: State) -> dict[str, Any]:
    until = {"until": state.until.isoformat(timespec="seconds")} if state.until else {}
    return {"works": True} if state.works else {"works": False, "why": state.why, **until}


def _store(state: StoreState) -> dict[str, Any]:
    kind = {"kind": "sqlite" if state.is_sqlite else "postgres"}
    return {"works": True, **kind} if state.works else {"works": False, **kind, "why": state.why}
