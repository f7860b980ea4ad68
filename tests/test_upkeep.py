"""Work beside the questions, in the real thread."""

from __future__ import annotations

import threading

from okichat.errors import StoreUnavailable
from okichat.monitoring.journal import Journal
from okichat.upkeep import Upkeep
from tests.doubles.clock import StoppedClock
from tests.waiting import PATIENCE_S


def test_hurried_work_that_found_the_store_away_is_done_again_before_the_next_round() -> None:
    upkeep_began, done = threading.Event(), threading.Event()
    looks: list[str] = []

    def look() -> None:
        looks.append("look")
        if len(looks) == 1:
            raise StoreUnavailable("locked")
        done.set()

    upkeep = Upkeep(Journal(StoppedClock()), at_start=(), every_round=(upkeep_began.set,), when_hurried=(look,))
    upkeep.start()
    assert upkeep_began.wait(PATIENCE_S)
    upkeep.hurry()

    assert done.wait(PATIENCE_S)  # the next round is a minute away
    upkeep.stop()
    assert len(looks) == 2


def test_who_stops_it_finds_the_job_at_hand_done_and_no_other_begun() -> None:
    began, may_end = threading.Event(), threading.Event()
    done: list[str] = []

    def first() -> None:
        began.set()
        may_end.wait(PATIENCE_S)
        done.append("first")

    upkeep = Upkeep(Journal(StoppedClock()), at_start=(), every_round=(first, lambda: done.append("second")))
    upkeep.start()
    assert began.wait(PATIENCE_S)

    def stop() -> None:
        upkeep.stop()
        done.append("stopped")

    stopping = threading.Thread(target=stop)
    stopping.start()
    assert upkeep._stopping.wait(PATIENCE_S)
    may_end.set()
    stopping.join()

    assert done == ["first", "stopped"]
