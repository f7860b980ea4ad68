"""The visitors of bench/visits.py at the app: they ask, vote and write, and remember every reply that was none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from flask import Flask
from werkzeug.test import TestResponse

from bench.visits import Visit
from tests.site import STREAMING

_STAMP = re.compile(r'name="stamp" value="([^"]+)"')
_TAKES_TO_WRITE = timedelta(minutes=3)
_FINE = (200, 303, 429)
_MOST_SHOWN = 10


@dataclass(order=True, frozen=True, slots=True)
class Step:
    """What a visitor does next.

    conversation, turn  of the last answer
    stamp               of the form for a message, while it is being filled in
    """

    at: datetime
    number: int
    visit: Visit = field(compare=False)
    asked: int = field(default=0, compare=False)
    conversation: str = field(default="", compare=False)
    turn: str = field(default="", compare=False)
    stamp: str = field(default="", compare=False)


class Visitors:
    """All of them; what they saw."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._numbers = count(10_000_000)
        self.statuses: Counter[int] = Counter()
        self._strange: list[str] = []

    def come(self, steps: Sequence[Step], at_once: int) -> Iterator[Step]:
        """Take these steps, at the same time; gives the ones that follow from them."""
        with ThreadPoolExecutor(at_once) as pool:
            for following in pool.map(self._take, steps):
                yield from following

    def broken(self) -> Iterator[str]:
        """Replies that no visitor may get."""
        if self._strange:
            yield f"{len(self._strange)} replies that are none: {', '.join(self._strange[:_MOST_SHOWN])}"

    def _take(self, step: Step) -> list[Step]:
        visit = step.visit
        if step.stamp:
            return self._write(step)
        if step.asked < len(visit.questions):
            return self._send_all(visit) if visit.pause_s == 0 else self._ask(step)
        return self._open_form(step)

    def _send_all(self, visit: Visit) -> list[Step]:
        for text in visit.questions:
            self._post(visit, "/api/chat", json={"question": text})
        return []

    def _ask(self, step: Step) -> list[Step]:
        """Most by the page, and those who go on by the API, whose replies are easy to read."""
        visit, text = step.visit, step.visit.questions[step.asked]
        goes_on = len(visit.questions) > 1 or visit.vote is not None or visit.message
        if not goes_on:
            self._post(visit, "/chat", data={"question": text, "request_key": f"{step.number:032x}"}, headers=STREAMING)
            return []
        talk = {"conversation": step.conversation} if step.conversation else {}
        reply = self._post(visit, "/api/chat", json={"question": text, **talk})
        if reply.status_code != 200:
            return []
        said = reply.get_json()
        conversation, turn = said["conversation"], said["request_id"]
        if step.asked + 1 < len(visit.questions):
            return [self._next(step, timedelta(seconds=visit.pause_s), conversation, turn)]
        if visit.vote is not None:
            vote = {"up" if visit.vote else "down": turn, "conversation": conversation}
            self._post(visit, "/feedback", data=vote, headers={"HX-Request": "true"})
        return [self._next(step, timedelta(seconds=30), conversation, turn)] if visit.message else []

    def _open_form(self, step: Step) -> list[Step]:
        reply = self._app.test_client(use_cookies=False).get(
            "/contact", environ_overrides={"REMOTE_ADDR": step.visit.address}
        )
        self._note("/contact", reply)
        found = _STAMP.search(reply.get_data(as_text=True))
        if not found:
            self._strange.append("a form without its stamp")
            return []
        return [self._next(step, _TAKES_TO_WRITE, step.conversation, step.turn, found[1])]

    def _write(self, step: Step) -> list[Step]:
        form = {"name": "Camille Martin", "email": f"c{step.number}@exemple.fr", "text": "Rappelez-moi, merci."}
        self._post(step.visit, "/contact", data={**form, "stamp": step.stamp, "conversation": step.conversation})
        return []

    def _next(self, step: Step, after: timedelta, conversation: str, turn: str, stamp: str = "") -> Step:
        return Step(step.at + after, next(self._numbers), step.visit, step.asked + 1, conversation, turn, stamp)

    def _post(self, visit: Visit, path: str, **what: object) -> TestResponse:
        client = self._app.test_client(use_cookies=False)
        reply: TestResponse = client.post(path, environ_overrides={"REMOTE_ADDR": visit.address}, **what)
        self._note(path, reply)
        return reply

    def _note(self, path: str, reply: TestResponse) -> None:
        body = reply.get_data()
        self.statuses[reply.status_code] += 1
        if reply.status_code not in _FINE:
            self._strange.append(f"{path}: {reply.status_code}")
        elif reply.status_code == 200 and not body:
            self._strange.append(f"{path}: empty")
