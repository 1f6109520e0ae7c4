"""Keep the bytes of letters: once for equal bytes, compressed, a large one in pieces.

However large a letter is, no more of it than a piece is in memory here. What was stored
is read again by `RawLetter.content` and `RawLetter.pieces`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import psycopg
import zstandard
from django.db import transaction

from letterbox import binary
from letterbox.models import RawLetter

# So much of a letter, as it came, is compressed into one row.
PIECE_BYTES = 1 << 19
# Of zstd. Most of a letter is base64, which the next levels pack no smaller (1 %), but
# for half as much time again.
PACKING = 1
#: So much of a letter, as it came, can be read from its first `START_BYTES` compressed
#: ones: nearly every header, without the files behind it.
HEAD_BYTES = 1 << 14
START_BYTES = HEAD_BYTES + 1024
# So many compressed bytes travel to the database in one statement: more would take new
# pages of memory from the system for every one, on both sides.
STATEMENT_BYTES = 1 << 18

INSERT_LETTERS = """
    INSERT INTO letterbox_rawletter (sha256, size, zstd)
    SELECT * FROM unnest(%b::bytea[], %b::bigint[], %b::bytea[])
    ON CONFLICT (sha256) DO UPDATE SET size = EXCLUDED.size, zstd = CASE
        WHEN octet_length(letterbox_rawletter.zstd) = 0 THEN EXCLUDED.zstd
        ELSE letterbox_rawletter.zstd END
    RETURNING id, sha256, xmax = 0
"""
KNOWN_LETTERS = """
    SELECT id, sha256, octet_length(zstd) = 0 FROM letterbox_rawletter
    WHERE sha256 = ANY(%b::bytea[])
"""
# Somebody who stored the same letter meanwhile has stored the same pieces.
INSERT_PIECE = """
    INSERT INTO letterbox_rawpiece (raw_id, number, zstd) VALUES (%b, %b, %b)
    ON CONFLICT (raw_id, number) DO NOTHING
"""


class Filed(Protocol):
    """A letter that lies in a file, since it is too large to be held in memory."""

    size: int

    def chunks(self, chunk_bytes: int) -> Iterator[bytes]:
        """Yield all bytes, in pieces of this length but for the last."""


Raw = bytes | Filed


@dataclass(frozen=True, slots=True)
class Kept:
    """The row of some bytes; `is_new` when nobody can have held them before.

    `is_erased` when it was known and its bytes are gone; see `fill_again`.
    """

    pk: int
    is_new: bool = False
    is_erased: bool = False


def size_of(raw: Raw) -> int:
    """The length of the letter in bytes."""
    return len(raw) if isinstance(raw, bytes) else raw.size


def digest_of(raw: Raw) -> bytes:
    """The SHA-256 by which equal bytes are known."""
    digest = hashlib.sha256()
    for piece in _pieces(raw):
        digest.update(piece)
    return digest.digest()


def store(raw: Raw) -> RawLetter:
    """Keep the bytes once; equal bytes share a row."""
    digest = digest_of(raw)
    kept = _insert([(digest, raw)])[digest]
    # Its bytes are loaded if somebody asks for them.
    return RawLetter.from_db(
        None, ["id", "sha256", "size"], [kept.pk, digest, size_of(raw)]
    )


def store_all(raws: Iterable[Raw]) -> list[Kept]:
    """Keep many letters with few statements; the rows come in the order given.

    Bytes that were erased stay so; see `fill_again`.
    """
    letters = [(digest_of(raw), raw) for raw in raws]
    known = _by_digest([digest for digest, _ in letters])
    new = dict(pair for pair in letters if pair[0] not in known)
    if new:
        # Sorted, so that two who store the same letters cannot wait for one another.
        known |= _insert([(digest, new[digest]) for digest in sorted(new)])
    return [known[digest] for digest, _ in letters]


def fill_again(letters: Iterable[tuple[Kept, Raw]]) -> None:
    """Give erased rows their bytes back, for a mailbox that has not erased them."""
    needed = {digest_of(content): content for raw, content in letters if raw.is_erased}
    if needed:
        _insert(sorted(needed.items(), key=lambda pair: pair[0]))


def _pieces(raw: Raw) -> Iterator[bytes]:
    """Cut a letter as it is stored."""
    if not isinstance(raw, bytes):
        yield from raw.chunks(PIECE_BYTES)
    elif len(raw) <= PIECE_BYTES:
        # Nearly all are: no copy is made.
        yield raw
    else:
        for start in range(0, len(raw), PIECE_BYTES):
            yield raw[start : start + PIECE_BYTES]


def _insert(letters: Sequence[tuple[bytes, Raw]]) -> dict[bytes, Kept]:
    """Insert; where somebody else was first, their row gives its id."""
    compressor = zstandard.ZstdCompressor(level=PACKING)
    kept: dict[bytes, Kept] = {}
    # No letter without its last piece.
    with transaction.atomic(savepoint=False), binary.cursor() as cursor:
        waiting: list[tuple[bytes, int, bytes]] = []
        weight = 0
        for digest, raw in letters:
            first = _pack_first(compressor, next(_pieces(raw), b""))
            waiting.append((digest, size_of(raw), first))
            weight += len(first)
            if weight >= STATEMENT_BYTES:
                kept |= _insert_some(cursor, waiting)
                waiting, weight = [], 0
        if waiting:
            kept |= _insert_some(cursor, waiting)
        for digest, raw in letters:
            if size_of(raw) > PIECE_BYTES:
                _insert_rest(cursor, kept[digest].pk, raw, compressor)
    return kept


def _pack_first(compressor: zstandard.ZstdCompressor, piece: bytes) -> bytes:
    """Compress the first piece; of a longer one the head is a block of its own.

    Half a block says nothing, and zstd makes blocks of 128 KB.
    """
    if len(piece) <= HEAD_BYTES:
        return compressor.compress(piece)
    packing = compressor.compressobj(size=len(piece))
    view = memoryview(piece)
    head = packing.compress(view[:HEAD_BYTES])
    head += packing.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    return head + packing.compress(view[HEAD_BYTES:]) + packing.flush()


def _insert_some(
    cursor: psycopg.Cursor, letters: Sequence[tuple[bytes, int, bytes]]
) -> dict[bytes, Kept]:
    columns = [list(column) for column in zip(*letters)]  # noqa: B905
    cursor.execute(INSERT_LETTERS, columns, binary=True)
    return {digest: Kept(pk, is_new) for pk, digest, is_new in cursor.fetchall()}


def _insert_rest(
    cursor: psycopg.Cursor,
    number_of_raw: int,
    raw: Raw,
    compressor: zstandard.ZstdCompressor,
) -> None:
    """Insert all pieces but the first, one at a time."""
    for number, piece in enumerate(_pieces(raw)):
        if number:
            packed = compressor.compress(piece)
            cursor.execute(INSERT_PIECE, [number_of_raw, number, packed])


def _by_digest(digests: list[bytes]) -> dict[bytes, Kept]:
    with binary.cursor() as cursor:
        cursor.execute(KNOWN_LETTERS, [digests], binary=True)
        return {
            digest: Kept(pk, is_erased=is_erased)
            for pk, digest, is_erased in cursor.fetchall()
        }
