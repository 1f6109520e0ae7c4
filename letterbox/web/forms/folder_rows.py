"""One folder of the tree: what a person may say about it, and how that is drawn.

Code and not a template: a mailbox may have hundreds of folders, each with four fields.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.utils import formats
from django.utils.html import conditional_escape as escape
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from letterbox.models import Folder
from letterbox.services.speaking import say
from letterbox.web import signs
from letterbox.web.forms import renderer

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
    def depth(self) -> int:
        """How deep in the tree, at most 6."""
        return min(6, self.path.count(self.delimiter)) if self.delimiter else 0

    @property
    def drawn(self) -> SafeString:
        """The list item, for the page."""
        return draw(self)


def draw(row: Row) -> SafeString:
    """The list item: its box, its name, what it is for and from when on it is read."""
    # Every piece is escaped where it is made.
    return SafeString(
        f'<li class="folder depth-{row.depth}">{_name(row)}'
        f"{_rest(row) if row.is_selectable else ''}</li>\n"
    )


def _name(row: Row) -> str:
    ticked = " checked" if row.is_ticked else ""
    box = (
        f'<input type="checkbox" name="folder" value="{row.key}"{ticked}>'
        if row.is_selectable
        else '<span class="folder-gap"></span>'
    )
    return (
        f'<label class="folder-name">{box} {signs.icon("folder", "", "icon-small")}'
        f'<span title="{escape(row.path)}">{escape(row.name)}</span></label>'
    )


def _rest(row: Row) -> str:
    return f'{_count(row)}<span class="folder-tools">{_role(row)}{_start(row)}</span>{_trouble(row)}'


def _count(row: Row) -> str:
    if row.count is None:
        return ""
    words = ngettext("%(counter)s letter", "%(counter)s letters", row.count) % {
        "counter": formats.number_format(row.count, force_grouping=True)
    }
    return f'<span class="soft small number">{escape(words)}</span>'


def _role(row: Row) -> str:
    return (
        f'<select class="form-select form-select-sm" name="role-{row.key}"'
        f' aria-label="{_label(_("What the folder is for"), row)}">'
        f"{_options('role', row.role, get_language() or '')}</select>"
    )


def _start(row: Row) -> str:
    """Since when it is read; once it has begun that stands."""
    if row.has_started:
        return f'<span class="soft small">{escape(_begun(row))}</span>'
    since = row.since.isoformat() if row.since else ""
    return (
        f'<span class="folder-from"><select class="form-select form-select-sm"'
        f' name="from-{row.key}" aria-label="{_label(_("Synchronise from"), row)}">'
        f"{_options('start', row.sync_from, get_language() or '')}</select>"
        f'<input class="form-control form-control-sm folder-since" type="date"'
        f' name="since-{row.key}" value="{since}"'
        f' aria-label="{_label(_("Since"), row)}"></span>'
    )


def _begun(row: Row) -> str:
    if row.sync_from == Folder.SyncFrom.EVERYTHING:
        return _("everything")
    if row.since:
        return _("since %(day)s") % {"day": formats.date_format(row.since)}
    return _("new letters only")


def _trouble(row: Row) -> str:
    if not row.problem:
        return ""
    words = escape(_("in trouble"))
    return f'<span class="badge tone-red" title="{escape(say(row.problem))}">{words}</span>'


def _label(words: str, row: Row) -> str:
    return f"{escape(words)}: {escape(row.path)}"


@lru_cache(maxsize=1_000)
def _options(kind: str, chosen: str, _language: str) -> SafeString:
    """Written once: a tree of hundreds of folders has thousands of options."""
    choices = ROLES if kind == "role" else STARTS
    return renderer.options(
        ((value, capfirst(str(label))) for value, label in choices), chosen
    )
