"""UID sets: what they spell, and how they are cut into lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.imap.uid_sets import HIGHEST_UID, UidSet, parse_in_order

uids = st.sets(st.integers(1, 300), max_size=120)


def test_neighbours_become_one_range() -> None:
    assert str(UidSet.of([5, 3, 4, 9, 1, 9])) == "1,3:5,9"


def test_a_set_reads_what_servers_write() -> None:
    assert list(UidSet.parse("304,319:320,4:2")) == [2, 3, 4, 304, 319, 320]
    assert not UidSet.parse("")


@pytest.mark.parametrize("text", ["1:*", "a", "4294967296", "1" * 5000, "-1", "²"])
def test_what_is_no_uid_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="UID"):
        UidSet.parse(text)


def test_a_claim_of_four_billion_letters_costs_one_pair() -> None:
    everything = UidSet.parse(f"1:{HIGHEST_UID}")

    assert len(everything) == HIGHEST_UID
    assert everything.ranges == ((1, HIGHEST_UID),)
    assert len(everything - UidSet.of([7])) == HIGHEST_UID - 1


@given(uids, uids)
def test_sets_of_uids_behave_as_sets_do(one: set[int], other: set[int]) -> None:
    left, right = UidSet.of(one), UidSet.of(other)

    assert set(left | right) == one | other
    assert set(left & right) == one & other
    assert set(left - right) == one - other
    assert len(left) == len(one)
    assert all((uid in left) == (uid in one) for uid in range(302))
    assert UidSet.parse(str(left)) == left


@given(uids, st.integers(1, 50), st.integers(12, 60))
def test_pieces_are_small_enough_and_together_the_whole(
    one: set[int], most: int, line_bytes: int
) -> None:
    whole = UidSet.of(one)

    pieces = list(whole.split(uids=most, line_bytes=line_bytes))

    assert [uid for piece in pieces for uid in piece] == sorted(one)
    assert all(len(piece) <= most for piece in pieces)
    assert all(len(str(piece)) <= line_bytes for piece in pieces)


def test_the_order_of_a_copyuid_set_is_kept() -> None:
    assert parse_in_order("31,5:3", at_most=9) == [31, 3, 4, 5]
    with pytest.raises(ValueError, match="longer"):
        parse_in_order("1:4294967295", at_most=9)
