"""Letters in files: mbox, Maildir and .eml, one at a time, however large the file.

Only reads. Line ends become CRLF, as IMAP has them, so that a letter that is held
already is known by its bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

# Maildir's letters (cr.yp.to/proto/maildir.html) and the flags they stand for.
MAILDIR_FLAGS = {
    "S": "\\Seen",
    "R": "\\Answered",
    "F": "\\Flagged",
    "T": "\\Deleted",
    "D": "\\Draft",
}
HEADER_BYTES = 256_000


class NotLetters(Exception):
    """The path holds nothing that could be read as letters; the text says why."""


@dataclass(frozen=True, slots=True)
class FiledLetter:
    """One letter of a file; `raw` is None where it was larger than allowed."""

    source: str
    raw: bytes | None
    at: datetime
    flags: tuple[str, ...] = ()


def letters_in(path: Path, *, most_bytes: int) -> Iterator[FiledLetter]:
    """Yield every letter below a path. Raises NotLetters.

    A folder with `cur` is a Maildir, any other is looked through for .eml files and
    mbox files; a file that begins with `From ` is an mbox, any other a single letter.
    """
    if not path.exists():
        raise NotLetters(f"{path} does not exist.")
    if path.is_file():
        yield from _in_file(path, most_bytes)
        return
    files = sorted(_files_below(path))
    if not files:
        raise NotLetters(f"{path} holds no letters.")
    for file in files:
        yield from _in_file(file, most_bytes)


def _files_below(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if not file.is_file() or file.is_symlink():
            continue
        is_in_maildir = file.parent.name in ("cur", "new")
        if is_in_maildir or file.suffix.lower() in (".eml", ".mbox", ".mbx"):
            yield file


def _in_file(file: Path, most_bytes: int) -> Iterator[FiledLetter]:
    with open(file, "rb") as opened:
        is_mbox = opened.read(5) == b"From "
    if is_mbox:
        yield from _in_mbox(file, most_bytes)
        return
    changed_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    raw = None
    if file.stat().st_size <= most_bytes:
        raw = with_crlf(file.read_bytes())
    yield FiledLetter(
        str(file), raw, (raw and date_of(raw)) or changed_at, _maildir_flags(file)
    )


def _maildir_flags(file: Path) -> tuple[str, ...]:
    _, _, letters = file.name.partition(":2,")
    return tuple(
        sorted(MAILDIR_FLAGS[each] for each in letters if each in MAILDIR_FLAGS)
    )


def _in_mbox(file: Path, most_bytes: int) -> Iterator[FiledLetter]:
    """Cut at `From ` lines after an empty line (RFC 4155), `>From ` unquoted."""
    changed_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    lines: list[bytes] = []
    size = number = 0
    is_after_empty = True

    def letter() -> FiledLetter:
        source = f"{file}, letter {number}"
        if size > most_bytes:
            return FiledLetter(source, None, changed_at)
        # The empty line before the next `From ` belongs to the mbox.
        body = lines[:-1] if lines and not lines[-1].strip(b"\r\n") else lines
        raw = with_crlf(b"".join(body))
        return FiledLetter(source, raw, date_of(raw) or changed_at)

    with open(file, "rb") as opened:
        while line := opened.readline(1_000_000):
            if is_after_empty and (not number or _is_postmark(line)):
                if number:
                    yield letter()
                number += 1
                lines, size, is_after_empty = [], 0, False
                continue
            is_after_empty = not line.strip(b"\r\n")
            if line.startswith(b">") and line.lstrip(b">").startswith(b"From "):
                line = line[1:]
            size += len(line)
            if size <= most_bytes:
                lines.append(line)
    if number:
        yield letter()


def _is_postmark(line: bytes) -> bool:
    """Whether this is `From somebody Mon Nov  2 10:00:00 2020`, and not a sentence."""
    if not line.startswith(b"From "):
        return False
    words = line[:200].split()
    has_time = any(word.count(b":") in (1, 2) and word[:1].isdigit() for word in words)
    has_year = any(len(word) == 4 and word.isdigit() for word in words)
    return len(words) >= 6 and has_time and has_year


def with_crlf(raw: bytes) -> bytes:
    """The letter with the line ends of the wire."""
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def date_of(raw: bytes) -> datetime | None:
    """What the Date field says, if it can be understood; nothing later than now."""
    header = raw[:HEADER_BYTES].partition(b"\r\n\r\n")[0]
    for line in header.split(b"\r\n"):
        if line[:5].lower() == b"date:":
            try:
                moment = parsedate_to_datetime(line[5:].decode("ascii", "replace"))
                moment = moment.replace(tzinfo=moment.tzinfo or UTC)
                return min(moment.astimezone(UTC), datetime.now(UTC))
            except (ValueError, OverflowError):
                return None
    return None
