"""The one door from raw bytes to a Letter.

It never raises and never waits: whatever the bytes are, there is a Letter, and its
`problems` say what was repaired or given up. Time and memory grow with the size alone.
"""

from __future__ import annotations

from letterbox.mime.letter import Address, Headers, Letter
from letterbox.mime.parse import body as parse_body
from letterbox.mime.parse import tree as parse_tree
from letterbox.mime.parse.addresses import parse_addresses
from letterbox.mime.parse.encoded_words import decode_words
from letterbox.mime.parse.headers import HeaderBlock, parse_date, parse_message_ids

_MOST_PROBLEMS = 20


def parse_letter(raw: bytes) -> Letter:
    """Read a letter from its bytes, with any line ends, with or without a `From ` line."""
    data = parse_tree.with_line_feeds(raw)
    tree = parse_tree.split_letter(data)
    body = parse_body.read_body(data, tree.root)
    header = tree.root.header
    headers = _headers_of(header)
    return Letter(
        headers=headers,
        subject=" ".join(headers.get("Subject").split()),
        from_=_authors_of(header),
        sender=parse_addresses(header.first("sender")),
        reply_to=_addresses_of(header, "reply-to"),
        to=_addresses_of(header, "to"),
        cc=_addresses_of(header, "cc"),
        bcc=_addresses_of(header, "bcc"),
        date=parse_date(header.first("date")),
        message_id=_message_id(header.first("message-id")),
        in_reply_to=parse_message_ids(header.first("in-reply-to")),
        references=parse_message_ids(header.first("references")),
        text=body.text,
        html=body.html,
        attachments=tuple(body.attachments),
        content_type=tree.root.content_type,
        parts=tuple(body.parts),
        is_signed=body.is_signed,
        is_encrypted=body.is_encrypted,
        problems=tuple(dict.fromkeys(tree.problems + body.problems))[:_MOST_PROBLEMS],
    )


def parse_headers(raw: bytes) -> Headers:
    """The header fields of a letter as `parse_letter` has them; the body is not read."""
    data = parse_tree.with_line_feeds(raw)
    return _headers_of(parse_tree.read_header(data))


def _headers_of(header: HeaderBlock) -> Headers:
    return Headers(tuple([(name, _decode(text)) for name, text in header.fields]))


def _decode(value: str) -> str:
    if "=?" in value:
        value = decode_words(value)
    # An encoded word may hold line ends, which no header field may.
    return value if value.isprintable() else _without_controls(value)


def _without_controls(value: str) -> str:
    return "".join(c if c >= " " and c != "\x7f" else " " for c in value)


def _authors_of(header: HeaderBlock) -> tuple[Address, ...]:
    """The first From field that holds an address; junk sometimes has two."""
    all_found = [parse_addresses(value) for value in header.all("from")]
    for found in all_found:
        if any("@" in address.email for address in found):
            return found
    return all_found[0] if all_found else ()


def _addresses_of(header: HeaderBlock, name: str) -> tuple[Address, ...]:
    """All fields of this name together; some writers repeat To."""
    return tuple(one for text in header.all(name) for one in parse_addresses(text))


def _message_id(value: str) -> str:
    ids = parse_message_ids(value)
    # An id without brackets or "@" is still the only name the letter has.
    return ids[0] if ids else "".join(value.split()).strip("<>")
