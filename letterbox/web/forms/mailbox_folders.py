"""The tree of folders: which are kept in sync, from when on, and what each is for.

Not a Django form: a mailbox may have hundreds of folders, each with four fields. Decides
nothing about what a letter becomes; `services.folders` writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from letterbox.imap import folders as imap_folders
from letterbox.imap.responses import FolderListing
from letterbox.models import Folder, Mailbox
from letterbox.services import folders
from letterbox.services.folders import Choice, StillForgetting
from letterbox.web.forms import folder_listings
from letterbox.web.forms.folder_rows import Row

# What becomes of the letters of a folder that is unticked.
KEEP = "keep"
FORGET = "forget"
BEGUN = (Folder.Role.INBOX, Folder.Role.SENT)


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
    return FoldersForm(
        sorted(rows, key=_in_tree), listings=folder_listings.sign(listings, counts)
    )


def start_of_day(chosen: date | None) -> datetime | None:
    """The first moment of a day, in the time of this installation."""
    if chosen is None:
        return None
    return timezone.make_aware(datetime.combine(chosen, time.min))


def day(text: str) -> date | None:
    """The day that was typed; None for what is none."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def read(
    data: QueryDict, mailbox: Mailbox | None = None, *, needs_one: bool = True
) -> FoldersForm:
    """What was posted, over what the server listed or the mailbox has."""
    listed = folder_listings.read(data.get("listings", ""))
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


def _in_tree(row: Row) -> tuple[bool, list[str]]:
    """The inbox first, then by name, children under their parents."""
    parts = row.path.split(row.delimiter) if row.delimiter else [row.path]
    top = parts[0].casefold()
    return top != "inbox", [part.casefold() for part in parts]
