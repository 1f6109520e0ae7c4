"""The content of one attachment, sliced from the raw letter when someone asks.

Nothing is kept here: the raw bytes of the letter are the only copy.
"""

from __future__ import annotations

from letterbox.mime.letter import Attachment
from letterbox.mime.parse import body as parse_body
from letterbox.mime.parse import cms, tnef, transfer
from letterbox.mime.parse import leaf as parse_leaf
from letterbox.mime.parse import tree as parse_tree
from letterbox.mime.parse import uuencode as uu

_EXTENSIONS = {
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/plain": ".txt",
    "text/html": ".html",
    "message/delivery-status": ".txt",
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
}
_UNSAFE_IN_NAMES = frozenset('/\\:*?"<>|')
_LONGEST_NAME = 150


def read_attachment(raw: bytes, attachment: Attachment) -> bytes:
    """The decoded bytes of an attachment of the letter `raw` that it was parsed from."""
    return _read(raw, attachment, envelopes=0)


def name_for_file(attachment: Attachment, number: int = 1) -> str:
    """A name that is safe to save under, made up where the letter gives none.

    `number` counts the attachments of the letter, to tell nameless ones apart.
    """
    kept = "".join(
        "_" if c in _UNSAFE_IN_NAMES or not c.isprintable() else c
        for c in attachment.filename
    )
    # Neither hidden, nor a folder, nor a blank that Windows drops.
    kept = kept.strip(" .")
    if not kept:
        return f"attachment-{number}{_EXTENSIONS.get(attachment.content_type, '')}"
    if len(kept) > _LONGEST_NAME:
        stem, dot, extension = kept.rpartition(".")
        if dot and len(extension) < 12:
            return f"{stem[: _LONGEST_NAME - len(extension) - 1]}.{extension}"
    return kept[:_LONGEST_NAME]


def _read(raw: bytes, attachment: Attachment, *, envelopes: int) -> bytes:
    data = raw[attachment.start : attachment.end]
    is_content = not transfer.is_encoded(attachment.transfer_encoding)
    if b"\n" not in raw and (attachment.path or not is_content):
        data = parse_tree.with_line_feeds(data)
    data = transfer.decode_transfer(data, attachment.transfer_encoding)
    if not attachment.path:
        return data
    return _read_packed(data, attachment.path, envelopes=envelopes)


def _read_packed(data: bytes, path: str, *, envelopes: int) -> bytes:
    """A file inside another encoding; empty when `path` is not of these bytes."""
    kind, _, number = path.partition("/")
    index = int(number)
    if kind == parse_leaf.TNEF:
        packed = tnef.read_package(data).files[index : index + 1]
        return b"".join(data[one.start : one.end] for one in packed)
    if kind == parse_leaf.UUENCODE:
        blocks = uu.find_blocks(data)[index : index + 1]
        return b"".join(transfer.decode_uuencode(data[b.start : b.end]) for b in blocks)
    if kind == parse_leaf.CMS:
        content = cms.signed_content(data)
        envelopes += 1
        inner = parse_body.read_enveloped(content, envelopes=envelopes)
        found = inner.attachments[index : index + 1]
        return b"".join(_read(content, one, envelopes=envelopes) for one in found)
    raise ValueError(f"{path!r} is no path of a packed file.")
