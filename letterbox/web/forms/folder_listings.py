"""What a server listed, signed, so that it can travel with a page and come back.

Ticking works so before the mailbox is saved and while its server is away. Holds nothing
secret: whoever has the page sees the folders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.core import signing

from letterbox.imap.responses import FolderListing
from letterbox.imap.utf7 import WireName

SALT = "letterbox.folders"
HOURS = 24


def sign(listings: Iterable[FolderListing], counts: Mapping[str, int]) -> str:
    """The folders, with wire name → number of letters where that is known."""
    rows = [
        [
            each.wire_name,
            each.name,
            each.delimiter,
            list(each.attributes),
            counts.get(each.wire_name),
        ]
        for each in listings
    ]
    return signing.dumps(rows, salt=SALT, compress=True)


def read(text: str) -> tuple[list[FolderListing], dict[str, int]] | None:
    """The listing that travelled with the page; None when there is none of ours."""
    try:
        rows = signing.loads(text, salt=SALT, max_age=HOURS * 3600) if text else None
    except signing.BadSignature:
        return None
    if rows is None:
        return None
    listings = [
        FolderListing(WireName(wire), name, delimiter, tuple(attributes))
        for wire, name, delimiter, attributes, _count in rows
    ]
    return listings, {row[0]: row[4] for row in rows if row[4] is not None}
