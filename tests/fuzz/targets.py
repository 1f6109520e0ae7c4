"""What hostile bytes are thrown at: every reader of what strangers send.

A target raises for what would be a defect: an exception that the reader does not
promise, or a promise that it does not keep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.mail_scores.html_oracle import violations
from letterbox.imap import parser, utf7
from letterbox.imap.errors import Garbled
from letterbox.imap.framing import Framer
from letterbox.imap.responses import Response
from letterbox.mime import attachments, calendar, forwarded, message_ids, subjects
from letterbox.mime.bounces import read_bounce
from letterbox.mime.classify import OwnMail, classify
from letterbox.mime.clean import clean_html
from letterbox.mime.fold import fold
from letterbox.mime.language import detect_language
from letterbox.mime.parse import addresses, encoded_words, parse_letter, tnef
from letterbox.mime.text import text_from_html

KEY = b"0" * 32
WINMAIL_SIGNATURE = b"\x78\x9f\x3e\x22"
# The judge of HTML is not linear itself.
MOST_MARKUP_TO_JUDGE = 4096
OWN = OwnMail(addresses=frozenset({"support@acme.example"}), message_id_keys=(KEY,))


@dataclass(frozen=True, slots=True)
class Target:
    """A reader to try; `suffixes` tell which files of a corpus are seeds for it."""

    name: str
    run: Callable[[bytes], None]
    suffixes: tuple[str, ...] = (".eml",)


def letter(data: bytes) -> None:
    """Everything that happens to an arrived letter before it is stored as read."""
    parsed = parse_letter(data)
    classify(parsed, own=OWN, bounce=read_bounce(parsed))
    detect_language(parsed)
    forwarded.find_original_sender(parsed)
    calendar.find_invitation(parsed)
    for number, attachment in enumerate(parsed.attachments):
        attachments.read_attachment(data, attachment)
        assert "/" not in attachments.name_for_file(attachment, number)


def folding(data: bytes) -> None:
    """Folding loses nothing: the blocks joined are the text."""
    text = data.decode("utf-8", "replace")
    blocks = fold(text)
    assert "".join(block.text for block in blocks) == text


def html(data: bytes) -> None:
    """Nothing is left that acts, by a judge who shares no code with the cleaner."""
    markup = data.decode("utf-8", "replace")
    cleaned = clean_html(markup).html
    if len(cleaned) <= MOST_MARKUP_TO_JUDGE:
        assert violations(cleaned) == set()
    text_from_html(markup)


def header_values(data: bytes) -> None:
    """The values of single fields."""
    value = data.decode("utf-8", "replace")
    addresses.parse_addresses(value)
    encoded_words.decode_words(value)
    subjects.base_subject(value)
    subjects.matter_numbers(value)
    message_ids.read_message_id(KEY, value)


def winmail(data: bytes) -> None:
    """winmail.dat, as Outlook makes it."""
    tnef.read_package(WINMAIL_SIGNATURE + data)


def imap(data: bytes) -> None:
    """What an IMAP server says: the same in one piece and in two."""
    try:
        at_once = parser.read_all(data)
    except Garbled:
        return
    framer = Framer()
    pieces: list[Response] = []
    for piece in (data[: len(data) // 2], data[len(data) // 2 :]):
        framer.feed(piece)
        pieces += parser.responses_in(framer)
    assert pieces == at_once


def folder_names(data: bytes) -> None:
    """Modified UTF-7."""
    utf7.decode(data.decode("latin-1"))


TARGETS = (
    Target("letter", letter),
    Target("folding", folding, (".txt", ".eml")),
    Target("html", html, (".html",)),
    Target("header-values", header_values, ()),
    Target("winmail", winmail, ()),
    Target("imap", imap, (".imap", ".txt")),
    Target("folder-names", folder_names, ()),
)
BY_NAME = {target.name: target for target in TARGETS}
