"""A pass holds no more of large letters in memory than of small ones."""

from __future__ import annotations

import sys

import pytest

from letterbox import postgres
from tests.wire import weighing
from tests.wire.dovecot import Dovecot

MEGABYTE = 1_000_000


def weigh(count: int, size: int) -> int:
    with postgres.temporary() as url:
        return weighing.weigh(url, count=count, size=size)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what it holds")
def test_a_pass_holds_large_letters_in_no_more_memory_than_small_ones(
    dovecot: Dovecot,
) -> None:
    small = weigh(50, 1_000)
    medium = weigh(10, MEGABYTE)
    large = weigh(1, 48 * MEGABYTE)

    assert medium - small < 12 * MEGABYTE
    assert large - small < 12 * MEGABYTE
