"""What visitors asked in vain, in groups: added to a topic as an example, begun as a new topic, or ignored; and the way back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Response, abort, redirect, request
from flask.typing import ResponseReturnValue

from okichat.knowledge.editing import Change, NotChanged
from okichat.knowledge.suggestions import EXAMPLE, IGNORED, NEW_TOPIC, Suggestion
from okichat.knowledge.topic_file import Topic
from okichat.monitoring.audit import DASHBOARD, Audit
from okichat.web.admin.room import address, blueprint, screen
from okichat.web.parts import Parts, current_parts

KINDS = ("unanswered", "rejected", "thumbs_down")
RECALLED, WITHDRAWN = "recalled", "withdrawn"  # what undoes IGNORED and EXAMPLE
_UNDO = {IGNORED: RECALLED, EXAMPLE: WITHDRAWN}
_DEEDS = (EXAMPLE, NEW_TOPIC, IGNORED, RECALLED, WITHDRAWN)
DONE = (*_DEEDS, "missing", "gone")
_MOST_SHOWN = 15  # of each kind
_MOST_GUESSES = 3
_PATIENCE_S = 0.08
_PLACE = re.compile(r"[a-z]{2}/_?[a-z0-9-]{1,80}\.md")
_TURN = re.compile(r"[0-9a-f]{1,32}")


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group; `topics` to choose from, the likeliest first; `writes` whether its language's folder can be written."""

    group: Suggestion
    topics: list[Topic]
    writes: bool

    @property
    def turn(self) -> str:
        """The question by which the group is found again."""
        return self.group.turns[0]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a topic was not changed: "doubt" with what would be wrong, "form", or "read_only" with the file."""

    why: str
    detail: str = ""


@blueprint.get("/questions/groups")
def groups() -> str:
    """The most worthwhile first, by why they are here."""
    return _screen()


@blueprint.post("/questions/groups")
def deal_with_group() -> ResponseReturnValue:
    """Do with one group what the owner has chosen, or undo it."""
    parts, deed, turn = current_parts(), request.form.get("do", ""), request.form.get("turn", "")
    if deed not in _DEEDS or not _TURN.fullmatch(turn):
        abort(400)
    if deed == RECALLED:
        return _done(parts, deed if parts.unanswered.recall(turn) else "gone", turn)
    if deed == WITHDRAWN:
        return _withdrawn(parts, turn, request.form.get("place", ""))
    group = parts.unanswered.group_of(turn)
    if group is None:
        return _done(parts, "gone", turn)
    if deed == IGNORED:
        parts.unanswered.mark(group, IGNORED)
        return _done(parts, IGNORED, turn)
    try:
        return _changed(parts, group, deed, turn)
    except NotChanged as refused:
        return _screen(Refused("doubt" if refused.doubts else "form", str(refused)))


def _changed(parts: Parts, group: Suggestion, deed: str, turn: str) -> ResponseReturnValue:
    """Keep the change, or give it to the owner where it cannot be kept here. Raises NotChanged."""
    change = _change(parts, group, deed)
    was_so = parts.editing.is_so(change)
    kept = parts.editing.can_write(group.language) and parts.editing.keep(change, replace=deed == EXAMPLE)
    parts.unanswered.mark(group, deed)
    if kept:
        return _done(parts, deed, "" if was_so else group.turns[0], change.place)
    Audit(parts.store, parts.clock).note(f"group_{deed}", change.place[:64], DASHBOARD)
    response = Response(change.content, content_type="text/markdown; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{change.place.partition("/")[2]}"'
    return response


def _withdrawn(parts: Parts, turn: str, place: str) -> ResponseReturnValue:
    """Take the example that was made of a question out of its topic again, and offer the group again."""
    example = parts.unanswered.example_of(turn)
    if example is None:
        return _done(parts, "gone", turn)
    language, question = example
    if not _PLACE.fullmatch(place) or not place.startswith(f"{language}/"):
        abort(400)
    try:
        change = parts.editing.without_example(place, question)
    except NotChanged as refused:
        return _screen(Refused("doubt", str(refused)))
    if change and not (parts.editing.can_write(language) and parts.editing.keep(change, replace=True)):
        return _screen(Refused("read_only", place))
    parts.unanswered.recall(turn)
    return _done(parts, WITHDRAWN if change else "missing", turn, place)


def _change(parts: Parts, group: Suggestion, deed: str) -> Change:
    if deed == NEW_TOPIC:
        return parts.editing.draft(group)
    topic = parts.library.topic(request.form.get("topic", ""), group.language)
    if topic is None:
        abort(400)
    return parts.editing.example(group, topic.slug)


def _done(parts: Parts, deed: str, turn: str, place: str = "") -> ResponseReturnValue:
    if deed != "gone":
        Audit(parts.store, parts.clock).note(f"group_{deed}", (place or turn)[:64], DASHBOARD)
    return redirect(address("admin.groups", done=deed, turn=turn, place=place or None), 303)


def _screen(refused: Refused | None = None) -> str:
    parts = current_parts()
    waiting = parts.unanswered.groups(_PATIENCE_S)
    by_kind: dict[str, list[Suggestion]] = {kind: [] for kind in KINDS}
    for group in waiting.found:
        by_kind[group.reasons[0][0]].append(group)
    done, place, turn = (request.args.get(name, "") for name in ("done", "place", "turn"))
    return screen(
        "dashboard/groups.html",
        "questions",
        kinds={kind: [_view(parts, group) for group in found[:_MOST_SHOWN]] for kind, found in by_kind.items()},
        more={kind: max(len(found) - _MOST_SHOWN, 0) for kind, found in by_kind.items()},
        is_whole=waiting.is_whole,
        days=parts.settings.retention_days,
        folder=parts.editing.folder,
        done=done if done in DONE and not refused else "",
        place=place if _PLACE.fullmatch(place) else "",
        undo=_UNDO.get(done, "") if _TURN.fullmatch(turn) else "",
        turn=turn,
        refused=refused,
    )


def _view(parts: Parts, group: Suggestion) -> GroupView:
    likely = parts.unanswered.nearest_topics(group, _MOST_GUESSES)
    others = sorted(parts.library.topics(group.language), key=lambda topic: topic.title)
    topics = [*likely, *(topic for topic in others if topic not in likely)]
    return GroupView(group, topics, parts.editing.can_write(group.language))
