"""Files that old mail programs wrote into the text itself: `begin 644 name` … `end`.

Finds them in the decoded bytes of a text; never guesses: a block counts only when every
line of it is uuencoded and it is closed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_BLOCKS = 100

_BEGIN = re.compile(rb"begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n")


@dataclass(frozen=True, slots=True)
class Block:
    """One file, `data[start:end]` from its `begin` to its `end` line."""

    name: str
    start: int
    end: int


def find_blocks(data: bytes) -> list[Block]:
    """Every uuencoded file in a text, in order."""
    blocks: list[Block] = []
    position = 0
    while len(blocks) < MAX_BLOCKS:
        start = 0 if data.startswith(b"begin ", position) and not position else -1
        if start < 0:
            start = data.find(b"\nbegin ", max(position - 1, 0)) + 1
            if start == 0:
                break
        begin = _BEGIN.match(data, start)
        if begin is None:
            position = start + 1
            continue
        # No line of a block looks like a `begin`, so nothing is read twice.
        position, is_closed = _skip_lines(data, begin.end())
        if is_closed:
            name = begin.group(1).decode("utf-8", "replace").strip()
            blocks.append(Block(name, start, position))
    return blocks


def without_blocks(data: bytes, blocks: list[Block]) -> bytes:
    """The text between the files."""
    pieces: list[bytes] = []
    position = 0
    for block in blocks:
        pieces.append(data[position : block.start])
        position = block.end
    return b"".join([*pieces, data[position:]])


def _skip_lines(data: bytes, position: int) -> tuple[int, bool]:
    """Where the block ends, and whether it ends as it should."""
    has_content = False
    while position < len(data):
        line_end = data.find(b"\n", position, position + 200)
        if line_end < 0:
            line_end = min(len(data), position + 200)
        line = data[position:line_end].rstrip(b"\r")
        if line.rstrip() == b"end":
            return line_end, has_content
        if not _is_encoded(line):
            return position, False
        has_content = has_content or len(line) > 1
        position = line_end + 1
    return position, False


def _is_encoded(line: bytes) -> bool:
    """Whether the length character tells the length of the line, blanks trimmed."""
    if not line.strip():
        return True
    if not all(32 <= byte <= 96 for byte in line):
        return False
    needed = (((line[0] - 32) & 63) + 2) // 3 * 4
    # Trailing blanks are zeros that some server trimmed; one checksum may follow.
    return len(line) - 1 <= needed + 2 and (len(line) > 1 or needed == 0)
