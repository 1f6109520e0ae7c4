"""The one door from raw bytes to a Letter.

It never raises and never waits: whatever the bytes are, there is a Letter, and its
`problems` say what was repaired or given up. Time and memory grow with the size alone.
"""

from __future__ import annotations

from letterbox.mime import parse_body, parse_tree
from letterbox.mime.encoded_words import decode_words
from letterbox.mime.letter import Address, Headers, Letter
from letterbox.mime.parse_addresses import parse_addresses
from letterbox.mime.parse_headers import parse_date, parse_message_ids

_MOST_PROBLEMS = 20


def parse_letter(raw: bytes) -> Letter:
    """Read a letter from its bytes, with any line ends, with or without a `From ` line."""
    data = parse_tree.with_line_feeds(raw)
    tree = parse_tree.split_letter(data)
    body = parse_body.read_body(data, tree.root)
    first = tree.root.header.first
    fields = tree.root.header.fields
    return Letter(
        headers=Headers(tuple((name, _decode(value)) for name, value in fields)),
        subject=" ".join(_decode(first.get("subject", "")).split()),
        from_=parse_addresses(first.get("from", "")),
        sender=parse_addresses(first.get("sender", "")),
        reply_to=parse_addresses(first.get("reply-to", "")),
        to=_addresses_of(fields, "to"),
        cc=_addresses_of(fields, "cc"),
        bcc=_addresses_of(fields, "bcc"),
        date=parse_date(first.get("date", "")),
        message_id=_message_id(first.get("message-id", "")),
        in_reply_to=parse_message_ids(first.get("in-reply-to", "")),
        references=parse_message_ids(first.get("references", "")),
        text=body.text,
        html=body.html,
        attachments=tuple(body.attachments),
        content_type=tree.root.content_type,
        parts=tuple(body.parts),
        is_signed=body.is_signed,
        is_encrypted=body.is_encrypted,
        problems=tuple(dict.fromkeys(tree.problems + body.problems))[:_MOST_PROBLEMS],
    )


def _decode(value: str) -> str:
    if "=?" in value:
        value = decode_words(value)
    # An encoded word may hold line ends, which no header field may.
    return value if value.isprintable() else _without_controls(value)


def _without_controls(value: str) -> str:
    return "".join(c if c >= " " and c != "\x7f" else " " for c in value)


def _addresses_of(fields: list[tuple[str, str]], name: str) -> tuple[Address, ...]:
    """All fields of this name together; some writers repeat To."""
    values = [value for key, value in fields if key.lower() == name]
    return tuple(one for value in values for one in parse_addresses(value))


def _message_id(value: str) -> str:
    ids = parse_message_ids(value)
    # An id without brackets or "@" is still the only name the letter has.
    return ids[0] if ids else "".join(value.split()).strip("<>")
