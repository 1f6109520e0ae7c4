"""The content of one attachment, sliced from the raw letter when someone asks.

Nothing is kept here: the raw bytes of the letter are the only copy.
"""

from __future__ import annotations

from letterbox.mime import parse_tree, transfer
from letterbox.mime.letter import Attachment


def read_attachment(raw: bytes, attachment: Attachment) -> bytes:
    """The decoded bytes of an attachment of the letter `raw` that it was parsed from."""
    data = raw[attachment.start : attachment.end]
    if transfer.is_encoded(attachment.transfer_encoding):
        data = parse_tree.with_line_feeds(data)
    return transfer.decode_transfer(data, attachment.transfer_encoding)
