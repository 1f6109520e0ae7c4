"""A wire that is cut at each byte of a pass: every letter once, no cursor that lies."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import NoteFault
from tests.wire import keeping
from tests.wire.cutting import NEVER, Wire
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept
from tests.wire.scenes import (
    SCENES,
    Standing,
    assert_no_cursor_lies,
    pass_over,
    standing_of,
    undone,
)

_people = itertools.count(1)


@pytest.fixture
def support(server: Dovecot) -> Iterator[Kept]:
    """A mailbox on a server that offers much, something, or next to nothing."""
    login = f"cut{next(_people)}"
    server.add_user(login, "secret")
    kept = keeping.keep(server, login)
    yield kept
    kept.outlook.close()


def cut_everywhere(kept: Kept, *, step: int = 1) -> dict[str, int]:
    """Cut a pass at each byte of what the server says, then let one through.

    A pass changes nothing on the server, and what it does to us is undone after each
    cut. A pass goes by where we stand alone, so from each standing one leads to the
    end once. Returns the figures.
    """
    figures: Counter[str] = Counter()
    seen: set[Standing] = set()
    with Wire.to(kept.dovecot.imap_port) as wire:
        with undone():
            assert pass_over(kept, wire)
            figures["bytes"] = wire.passed
            at_the_end = standing_of(kept)
            assert pass_over(kept, wire)
            assert standing_of(kept) == at_the_end
        for place in range(1, figures["bytes"] + 1, step):
            with undone():
                wire.cut_after = place
                figures["through" if pass_over(kept, wire) else "cut"] += 1
                after_the_cut = standing_of(kept)
                assert_no_cursor_lies(after_the_cut, at_the_end)
                if after_the_cut not in seen:
                    seen.add(after_the_cut)
                    wire.cut_after = NEVER
                    assert pass_over(kept, wire), f"cut at {place}"
                    assert standing_of(kept) == at_the_end, f"cut at {place}"
    figures["standings"] = len(seen)
    return dict(figures)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.django_db
def test_a_wire_cut_at_sampled_bytes_loses_and_doubles_nothing(
    support: Kept, note_fault: NoteFault, scene: Callable[[Kept], None]
) -> None:
    scene(support)

    figures = cut_everywhere(support, step=97)

    assert figures["cut"] > 10
    note_fault(f"wire cut, {scene.__name__}, {support.kind}, sampled", **figures)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.django_db(transaction=True)
def test_a_wire_cut_at_every_byte_loses_and_doubles_nothing(
    support: Kept, note_fault: NoteFault, scene: Callable[[Kept], None]
) -> None:
    scene(support)

    figures = cut_everywhere(support)

    assert figures["cut"] + figures["through"] == figures["bytes"]
    note_fault(f"wire cut, {scene.__name__}, {support.kind}, at every byte", **figures)
