"""Which folder is for what: roles from SPECIAL-USE, else from names.

Pure: takes the rows of LIST and returns values. Each role goes to one folder at
most, and what the server says always goes before what a name suggests.
"""

from collections.abc import Sequence

from letterbox.imap.folder_names import FolderRole, role_of_name
from letterbox.imap.responses import FolderListing
from letterbox.imap.utf7 import INBOX, WireName

_ATTRIBUTES = {
    # RFC 6154 and RFC 8457, then what XLIST servers call the same.
    "\\sent": FolderRole.SENT,
    "\\drafts": FolderRole.DRAFTS,
    "\\junk": FolderRole.JUNK,
    "\\trash": FolderRole.TRASH,
    "\\archive": FolderRole.ARCHIVE,
    "\\all": FolderRole.ALL,
    "\\flagged": FolderRole.FLAGGED,
    "\\important": FolderRole.IMPORTANT,
    "\\inbox": FolderRole.INBOX,
    "\\spam": FolderRole.JUNK,
    "\\allmail": FolderRole.ALL,
    "\\starred": FolderRole.FLAGGED,
}
# Parents under which a folder is as good as at the top.
_TOPS = frozenset({"inbox", "[gmail]", "[google mail]", "[imap]", "[mail]"})


def roles_of(listings: Sequence[FolderListing]) -> dict[WireName, FolderRole]:
    """Return the role of every folder that has one."""
    roles: dict[WireName, FolderRole] = {}
    usable = [listing for listing in listings if listing.is_selectable]
    for listing in usable:
        role = _role_by_attribute(listing)
        if role is not None and role not in roles.values():
            roles.setdefault(listing.wire_name, role)
    for listing in sorted(usable, key=_distance_from_top):
        if listing.wire_name in roles or _distance_from_top(listing) > 0:
            continue
        named = role_of_name(listing.path[-1])
        if named is not None and named not in roles.values():
            roles[listing.wire_name] = named
    return roles


def _role_by_attribute(listing: FolderListing) -> FolderRole | None:
    if listing.wire_name == INBOX:
        return FolderRole.INBOX
    for attribute in listing.attributes:
        role = _ATTRIBUTES.get(attribute.casefold())
        if role is not None:
            return role
    return None


def _distance_from_top(listing: FolderListing) -> int:
    parents = listing.path[:-1]
    if parents and parents[0].casefold() in _TOPS:
        parents = parents[1:]
    return len(parents)
