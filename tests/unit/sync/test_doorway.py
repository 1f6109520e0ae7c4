"""Few mailboxes begin at a time, and none that hangs keeps the others out."""

from __future__ import annotations

import threading

from letterbox.sync.doorway import Doorway

PATIENCE_SECONDS = 30.0


class Guest:
    """Goes through a door in a thread of its own, and stays until told to go on."""

    def __init__(self, doorway: Doorway, *, has_stopped: bool = False) -> None:
        self.is_inside = threading.Event()
        self._may_go_on = threading.Event()
        self._has_stopped = has_stopped
        self._thread = threading.Thread(target=self._run, args=(doorway,), daemon=True)
        self._thread.start()

    def _run(self, doorway: Doorway) -> None:
        with doorway.passed(lambda: self._has_stopped):
            self.is_inside.set()
            self._may_go_on.wait(PATIENCE_SECONDS)

    def go_on(self) -> None:
        self._may_go_on.set()
        self._thread.join(PATIENCE_SECONDS)

    def stop(self) -> None:
        self._has_stopped = True


def test_one_waits_until_another_has_begun() -> None:
    doorway = Doorway(most=2, counted_seconds=PATIENCE_SECONDS)
    first, second = Guest(doorway), Guest(doorway)
    assert first.is_inside.wait(PATIENCE_SECONDS)
    assert second.is_inside.wait(PATIENCE_SECONDS)
    third = Guest(doorway)

    assert not third.is_inside.wait(0.2)
    first.go_on()

    assert third.is_inside.wait(PATIENCE_SECONDS)
    second.go_on()
    third.go_on()


def test_whoever_says_that_it_has_begun_makes_room_at_once() -> None:
    doorway = Doorway(most=1, counted_seconds=PATIENCE_SECONDS)
    with doorway.passed(lambda: False) as has_begun:
        has_begun()
        # Once more says nothing more.
        has_begun()
        other = Guest(doorway)
        assert other.is_inside.wait(PATIENCE_SECONDS)
        late = Guest(doorway)
        assert not late.is_inside.wait(0.2)
    other.go_on()
    assert late.is_inside.wait(PATIENCE_SECONDS)
    late.go_on()


def test_those_that_hang_are_not_counted_for_long() -> None:
    doorway = Doorway(most=1, counted_seconds=0.05)
    hanging = Guest(doorway)
    assert hanging.is_inside.wait(PATIENCE_SECONDS)

    other = Guest(doorway)

    assert other.is_inside.wait(PATIENCE_SECONDS)
    hanging.go_on()
    other.go_on()


def test_whoever_is_to_stop_waits_no_more() -> None:
    doorway = Doorway(most=1, counted_seconds=PATIENCE_SECONDS)
    first = Guest(doorway)
    assert first.is_inside.wait(PATIENCE_SECONDS)
    waiting = Guest(doorway)
    assert not waiting.is_inside.wait(0.2)

    waiting.stop()
    doorway.look_again()

    assert waiting.is_inside.wait(PATIENCE_SECONDS)
    waiting.go_on()
    first.go_on()
