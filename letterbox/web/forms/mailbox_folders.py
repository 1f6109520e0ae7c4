"""The tree of folders: which are kept in sync, from when on, and what each is for.

Not a Django form: a mailbox may have hundreds of folders, each with four fields. What
the server listed travels signed with the page, so that ticking works before the mailbox
is saved and while its server is away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import lru_cache

from django.core import signing
from django.http import QueryDict
from django.utils import formats, timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from letterbox.imap import folders as imap_folders
from letterbox.imap.responses import FolderListing
from letterbox.imap.utf7 import WireName
from letterbox.models import Folder, Mailbox
from letterbox.services import folders
from letterbox.services.folders import Choice, StillForgetting

SALT = "letterbox.folders"
# What becomes of the letters of a folder that is unticked.
KEEP = "keep"
FORGET = "forget"
BEGUN = (Folder.Role.INBOX, Folder.Role.SENT)
ROLES = tuple(Folder.Role.choices)
STARTS = tuple(Folder.SyncFrom.choices)


@dataclass(frozen=True, slots=True)
class Row:
    """One folder of the tree, as the page shows it.

    `has_started` when it was ticked before: its start stands. `count` is the number of
    letters on the server, None when nobody knows.
    """

    wire_name: str
    path: str
    delimiter: str = ""
    role: str = Folder.Role.OTHER
    is_selectable: bool = True
    count: int | None = None
    is_ticked: bool = False
    has_started: bool = False
    sync_from: str = Folder.SyncFrom.NOW
    since: date | None = None
    problem: str = ""
    is_forgetting: bool = False

    @property
    def key(self) -> str:
        """What stands in names of fields: wire names hold any character."""
        return hashlib.blake2s(self.wire_name.encode(), digest_size=6).hexdigest()

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit(self.delimiter, 1)[-1] if self.delimiter else self.path

    @property
    def role_options(self) -> SafeString:
        """The options of the select that says what the folder is for."""
        return _options("role", self.role, get_language() or "")

    @property
    def start_options(self) -> SafeString:
        """The options of the select that says from when on it is read."""
        return _options("start", self.sync_from, get_language() or "")

    @property
    def depth(self) -> int:
        """How deep in the tree, at most 6."""
        return min(6, self.path.count(self.delimiter)) if self.delimiter else 0


@dataclass(slots=True)
class FoldersForm:
    """The rows with what was typed, and what is wrong with it.

    `unticked` are the paths of folders that were in sync and shall not be any more,
    though letters of theirs are held here, `unticked_letters` so many. Before they are
    saved somebody says whether those letters go: `forgets_letters`.
    """

    rows: list[Row]
    listings: str = ""
    errors: list[str] = field(default_factory=list)
    unticked: list[str] = field(default_factory=list)
    unticked_letters: int = 0
    forgets_letters: bool = False

    @property
    def is_valid(self) -> bool:
        """Whether it can be saved."""
        return not self.errors

    @property
    def ticked(self) -> list[Row]:
        """What is kept in sync."""
        return [row for row in self.rows if row.is_ticked]

    @property
    def has_all(self) -> bool:
        """Whether the box All is ticked."""
        return bool(self.rows) and all(
            row.is_ticked for row in self.rows if row.is_selectable
        )

    def choices(self) -> list[Choice]:
        """What `services.folders.choose` takes."""
        return [
            Choice(
                wire_name=row.wire_name,
                is_ticked=row.is_ticked,
                role=row.role,
                sync_from=row.sync_from,
                since=start_of_day(row.since),
                forgets_letters=self.forgets_letters,
            )
            for row in self.rows
            if row.is_selectable
        ]


def of_mailbox(mailbox: Mailbox, *, is_new: bool = False) -> FoldersForm:
    """The folders as they are stored; a new mailbox begins with inbox and Sent."""
    rows = [
        Row(
            wire_name=each.wire_name,
            path=each.path,
            delimiter=each.delimiter,
            role=each.role,
            is_selectable=each.is_selectable,
            count=each.server_count,
            is_ticked=each.is_ticked or (is_new and each.role in BEGUN),
            has_started=each.ticked_at is not None,
            sync_from=each.sync_from,
            since=each.sync_since.date() if each.sync_since else None,
            problem=each.problem,
            is_forgetting=each.is_forgetting,
        )
        for each in mailbox.folders.filter(gone_at__isnull=True)
    ]
    return FoldersForm(sorted(rows, key=_in_tree))


def of_listings(
    listings: Iterable[FolderListing],
    counts: Mapping[str, int],
    mailbox: Mailbox | None = None,
) -> FoldersForm:
    """What a server listed just now; what is known of a mailbox's folders is kept."""
    listings = list(listings)
    known = {row.wire_name: row for row in of_mailbox(mailbox).rows} if mailbox else {}
    roles = imap_folders.roles_of(listings)
    rows = []
    for each in listings:
        role = roles.get(each.wire_name)
        value = role.value if role and role.value in Folder.Role.values else "other"
        row = known.get(each.wire_name) or Row(
            each.wire_name,
            each.name,
            role=value,
            is_ticked=not any(one.is_ticked for one in known.values())
            and value in BEGUN,
        )
        rows.append(
            replace(
                row,
                path=each.name,
                delimiter=each.delimiter or "",
                is_selectable=each.is_selectable,
                count=counts.get(each.wire_name, row.count),
            )
        )
    return FoldersForm(sorted(rows, key=_in_tree), listings=_sign(listings, counts))


def read(
    data: QueryDict, mailbox: Mailbox | None = None, *, needs_one: bool = True
) -> FoldersForm:
    """What was posted, over what the server listed or the mailbox has."""
    listed = signed(data.get("listings", ""))
    if listed is not None:
        form = of_listings(*listed, mailbox)
    elif mailbox is not None:
        form = of_mailbox(mailbox)
    else:
        form = FoldersForm([])
    if "tree" not in data:
        # The page had no tree: nothing was said about any folder.
        return form
    ticked = set(data.getlist("folder"))
    dropped = {
        row.wire_name for row in form.rows if row.is_ticked and row.key not in ticked
    }
    form.rows = [_typed(row, data, ticked, form.errors) for row in form.rows]
    if mailbox is not None and dropped:
        _ask_about_letters(form, data, mailbox, dropped)
    if needs_one and form.rows and not form.ticked:
        form.errors.append(_("Tick at least one folder: the inbox."))
    return form


def signed(text: str) -> tuple[list[FolderListing], dict[str, int]] | None:
    """The listing that travelled with the page; None when there is none of ours."""
    try:
        rows = signing.loads(text, salt=SALT, max_age=24 * 3600) if text else None
    except signing.BadSignature:
        return None
    if rows is None:
        return None
    listings = [
        FolderListing(WireName(wire), name, delimiter, tuple(attributes))
        for wire, name, delimiter, attributes, _count in rows
    ]
    return listings, {row[0]: row[4] for row in rows if row[4] is not None}


def preview(form: FoldersForm, counted: Mapping[str, int]) -> str:
    """One sentence about the letters that are there already.

    `counted` is wire name → letters from the chosen day on, where a day is chosen.
    """
    new = [row for row in form.ticked if not row.has_started]
    wanted = [row for row in new if row.sync_from != Folder.SyncFrom.NOW]
    if not new:
        return _("Folders that are in sync already go on from where they are.")
    if not wanted:
        return _("Only letters that arrive from now on are read.")
    numbers = [
        row.count if row.sync_from == "everything" else counted.get(row.wire_name)
        for row in wanted
    ]
    known = sum(number for number in numbers if number is not None)
    sentence = ngettext(
        "%(letters)s letter in %(folders)s is read as history; nothing older than now "
        "is answered or becomes a lead or case.",
        "%(letters)s letters in %(folders)s are read as history; nothing older than "
        "now is answered or becomes a lead or case.",
        known,
    ) % {
        "letters": formats.number_format(known, force_grouping=True),
        "folders": ngettext("%d folder", "%d folders", len(wanted)) % len(wanted),
    }
    if None in numbers:
        sentence += " " + _("Some folders could not be counted; there may be more.")
    return sentence


@lru_cache(maxsize=1_000)
def _options(kind: str, chosen: str, language: str) -> SafeString:
    """Written once: a tree of hundreds of folders has thousands of options."""
    choices = ROLES if kind == "role" else STARTS
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (
                value,
                SafeString(" selected") if value == chosen else "",
                capfirst(str(label)),
            )
            for value, label in choices
        ),
    )


def start_of_day(chosen: date | None) -> datetime | None:
    """The first moment of a day, in the time of this installation."""
    if chosen is None:
        return None
    return timezone.make_aware(datetime.combine(chosen, time.min))


def _typed(row: Row, data: QueryDict, ticked: set[str], errors: list[str]) -> Row:
    if not row.is_selectable:
        return row
    role = data.get(f"role-{row.key}", row.role)
    if row.is_forgetting and row.key in ticked:
        errors.append(str(StillForgetting(row.path)))
    row = replace(
        row,
        is_ticked=row.key in ticked,
        role=role if role in Folder.Role.values else row.role,
    )
    if row.has_started or not row.is_ticked:
        return row
    sync_from = data.get(f"from-{row.key}", row.sync_from)
    if sync_from not in Folder.SyncFrom.values:
        sync_from = row.sync_from
    since = day(data.get(f"since-{row.key}", ""))
    if sync_from == Folder.SyncFrom.DATE and since is None:
        errors.append(_("%(folder)s: say since when.") % {"folder": row.path})
    return replace(
        row,
        sync_from=sync_from,
        since=since if sync_from == Folder.SyncFrom.DATE else None,
    )


def _ask_about_letters(
    form: FoldersForm, data: QueryDict, mailbox: Mailbox, dropped: Collection[str]
) -> None:
    """Letters of an unticked folder are kept or deleted as somebody says, never so."""
    rows = {
        row.pk: row.path
        for row in mailbox.folders.filter(wire_name__in=dropped, is_ticked=True)
    }
    held = folders.letters_in(rows)
    form.unticked = [rows[number] for number in held]
    form.unticked_letters = sum(held.values())
    form.forgets_letters = data.get("unticked") == FORGET
    if form.unticked and data.get("unticked") not in {KEEP, FORGET}:
        form.errors.append(
            _("Say what becomes of the letters of: %(folders)s.")
            % {"folders": ", ".join(form.unticked)}
        )


def day(text: str) -> date | None:
    """The day that was typed; None for what is none."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def _sign(listings: Iterable[FolderListing], counts: Mapping[str, int]) -> str:
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


def _in_tree(row: Row) -> tuple[bool, list[str]]:
    """The inbox first, then by name, children under their parents."""
    parts = row.path.split(row.delimiter) if row.delimiter else [row.path]
    top = parts[0].casefold()
    return top != "inbox", [part.casefold() for part in parts]
