"""The bytes of letters: kept once, large ones in pieces, and given back as they came."""

from __future__ import annotations

import random

import pytest
import zstandard
from django.db.models import QuerySet

from letterbox.imap.framing import Spool
from letterbox.inbound import pipeline, receive
from letterbox.inbound import reading as read_steps
from letterbox.inbound.history import reading
from letterbox.inbound.history.values import Desk, Placed, Read, Unread
from letterbox.models import Folder, Message, RawLetter, RawPiece
from letterbox.services import forgetting, raw_letters
from letterbox.services.raw_letters import (
    HEAD_BYTES,
    PIECE_BYTES,
    START_BYTES,
    Kept,
)
from tests import people
from tests.conftest import Arrive
from tests.mail import mail

pytestmark = pytest.mark.django_db

# Three pieces and some more, of what cannot be packed.
PLAN = random.Random(1).randbytes(PIECE_BYTES * 3)  # noqa: S311


def large_letter() -> bytes:
    return mail(subject="Plan", attachments=[("plan.bin", "application/zip", PLAN)])


def filed(raw: bytes) -> Spool:
    """The letter as the wire gives it when it is large."""
    spool = Spool(len(raw))
    spool.write(raw)
    return spool


def reread(raw: RawLetter | Kept) -> RawLetter:
    return RawLetter.objects.get(pk=raw.pk)


@pytest.mark.parametrize(
    "size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 3 * PIECE_BYTES + 1]
)
@pytest.mark.parametrize("is_filed", [False, True])
def test_a_letter_comes_back_byte_for_byte(size: int, is_filed: bool) -> None:
    content = PLAN[:size] + b"x" * (size - len(PLAN))

    stored = raw_letters.store(filed(content) if is_filed else content)

    pieces = list(reread(stored).pieces())
    assert b"".join(pieces) == reread(stored).content == content
    assert max(map(len, pieces)) <= PIECE_BYTES
    assert reread(stored).size == size
    assert RawPiece.objects.count() == max(0, -(-size // PIECE_BYTES) - 1)


@pytest.mark.parametrize("size", [100, HEAD_BYTES, HEAD_BYTES + 1, PIECE_BYTES * 2])
def test_the_head_of_a_letter_is_read_without_the_files_behind_it(size: int) -> None:
    stored = reread(raw_letters.store(PLAN[:size]))

    start = bytes(stored.zstd)[:START_BYTES]
    head = zstandard.ZstdDecompressor().decompressobj().decompress(start)

    assert head[:HEAD_BYTES] == PLAN[: min(size, HEAD_BYTES)]


def test_equal_bytes_share_a_row_whether_in_memory_or_in_a_file() -> None:
    first = raw_letters.store(PLAN)

    (again,) = raw_letters.store_all([filed(PLAN)])

    assert again.pk == first.pk == raw_letters.store(filed(PLAN)).pk
    assert RawPiece.objects.count() == 2


def test_letters_of_all_sizes_come_back_in_the_order_given() -> None:
    letters = [PLAN[start : start + 300_000] for start in range(0, 1_500_000, 300_000)]
    letters.insert(2, PLAN)

    rows = raw_letters.store_all(letters)

    assert [reread(row).content for row in rows] == letters


def test_a_letter_that_was_stored_whole_is_read_as_before() -> None:
    stored = RawLetter.objects.create(
        sha256=b"before", size=len(PLAN), zstd=zstandard.compress(PLAN)
    )

    assert reread(stored).content == PLAN


def test_a_letter_that_lacks_a_piece_is_not_given_away() -> None:
    stored = raw_letters.store(PLAN)
    RawPiece.objects.filter(number=2).delete()

    with pytest.raises(RawLetter.NotWhole):
        _ = reread(stored).content


def test_a_letter_erased_while_it_is_read_ends_there() -> None:
    pieces = reread(raw_letters.store(PLAN)).pieces()
    next(pieces)
    RawPiece.objects.all().delete()
    RawLetter.objects.update(zstd=b"")

    assert list(pieces) == []


def test_an_erased_letter_gets_all_its_bytes_again() -> None:
    stored = raw_letters.store(PLAN)
    RawPiece.objects.all().delete()
    RawLetter.objects.update(zstd=b"")
    assert reread(stored).content == b""

    (known,) = raw_letters.store_all([PLAN])
    assert reread(known).content == b""
    raw_letters.fill_again([(known, filed(PLAN))])

    assert reread(stored).content == PLAN


def test_what_is_forgotten_leaves_no_piece_behind(arrive: Arrive) -> None:
    arrive(large_letter())
    everything: QuerySet[Message] = Message.objects.all()

    assert RawPiece.objects.exists()
    assert forgetting.forget(everything) == 1
    assert not RawLetter.objects.exists()
    assert not RawPiece.objects.exists()


@pytest.mark.parametrize("is_history", [False, True])
def test_a_large_letter_is_read_to_its_end(folder: Folder, is_history: bool) -> None:
    raw = large_letter()
    receive.receive(
        folder,
        [receive.Arrival(1, filed(raw))],
        uid_validity=people.UID_VALIDITY,
        cursor=receive.Cursor(next_uid=2),
        is_history=is_history,
    )

    pipeline.process_mailbox(folder.mailbox_id)

    message = Message.objects.get()
    assert message.state == Message.State.PROCESSED
    (attachment,) = message.attachments
    assert (attachment["filename"], attachment["size"]) == ("plan.bin", len(PLAN))
    assert message.raw.content == raw


def test_readers_of_a_history_read_a_large_letter_to_its_end(
    folder: Folder, arrive: Arrive
) -> None:
    message = arrive(large_letter(), is_history=True, is_processed=False)
    desk = Desk.of(folder.mailbox, read_steps.own_mail())

    (read,) = reading.read_all(
        desk, [Unread(message.pk, message.received_at, is_in_sent=False)]
    )
    refused = reading.store_all(
        desk,
        [
            Placed(
                Unread(message.pk, message.received_at, is_in_sent=False),
                facts={},
                trace={},
            )
        ],
    )

    assert isinstance(read, Read)
    assert refused == []
    message.refresh_from_db()
    assert message.attachments[0]["size"] == len(PLAN)
