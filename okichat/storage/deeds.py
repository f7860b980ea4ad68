"""What has to be done in the store before long, and costs no transaction of its own where another one comes anyway."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from okichat.errors import StoreAway, StoreUnavailable


@dataclass(frozen=True, slots=True)
class Deed:
    """`do` it within a transaction; `then` hears once that this was committed, or why it could not be, and must not raise."""

    do: Callable[[Connection], object]
    then: Callable[[StoreUnavailable | None], object]


class Deeds:
    """Deeds wait only while somebody gathers them; whoever reads or writes meanwhile finds them done. Safe with threads."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]], *, together: bool) -> None:
        """`begin` opens a transaction that insists on the store.

        `together`: several may share one. Where others write at the same time, two could wait for each other for ever."""
        self._begin = begin
        self._together = together
        self._lock = threading.Lock()
        self._doing = threading.Lock()
        self._gatherers = 0
        self._waiting: list[Deed] = []
        self._left_behind: list[Deed] = []

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Deeds may wait meanwhile; at the end none of them waits any longer."""
        with self._lock:
            self._gatherers += 1
        try:
            yield
        finally:
            with self._lock:
                self._gatherers -= 1
            self.do_all()

    def add(self, deed: Deed) -> None:
        """Do it at once, or, while somebody gathers, with the next transaction."""
        with self._lock:
            self._waiting.append(deed)
            may_wait = self._gatherers > 0
        if not may_wait:
            self.do_all()

    def do_all(self) -> None:
        """Do what waits, now; what another thread is at is done as well when this returns. Raises nothing."""
        if not self._waiting and not self._left_behind and not self._doing.locked():
            return
        with self._doing:
            self._do_alone(self._left_behind_ones())
            while waiting := self._take():
                self._do_alone(waiting) if len(waiting) == 1 else self._do_together(waiting)

    @contextmanager
    def aboard(self, begin: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Connection]:
        """A transaction that `begin` opens, and in it, before anything else, what waits.

        A failure of that transaction is raised, and may be the fault of either: what waited is then done without it. Whoever
        asks for it meanwhile, with `do_all`, waits for the end."""
        if not self._waiting:
            with begin() as connection:
                yield connection
            return
        with self._doing:
            waiting = self._take()
            try:
                with self._begin() as connection:
                    for deed in waiting:
                        deed.do(connection)
                    yield connection
            except StoreAway as away:
                _tell(waiting, away)
                raise
            except BaseException:
                with self._lock:
                    self._left_behind += waiting
                raise
            _tell(waiting, None)

    def _take(self) -> list[Deed]:
        with self._lock:
            count = None if self._together else 1
            taken, self._waiting = self._waiting[:count], self._waiting[count:] if count else []
        return taken

    def _left_behind_ones(self) -> list[Deed]:
        with self._lock:
            taken, self._left_behind = self._left_behind, []
        return taken

    def _do_together(self, deeds: list[Deed]) -> None:
        try:
            with self._begin() as connection:
                for deed in deeds:
                    deed.do(connection)
        except StoreAway as away:
            _tell(deeds, away)
        except StoreUnavailable:  # one of them is to blame
            self._do_alone(deeds)
        else:
            _tell(deeds, None)

    def _do_alone(self, deeds: list[Deed]) -> None:
        """One transaction each, so that one which cannot be done does not hold up the others."""
        for deed in deeds:
            try:
                with self._begin() as connection:
                    deed.do(connection)
            except StoreUnavailable as error:
                deed.then(error)
            else:
                deed.then(None)


def _tell(deeds: list[Deed], error: StoreUnavailable | None) -> None:
    for deed in deeds:
        deed.then(error)
