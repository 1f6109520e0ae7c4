"""What ticking folders would bring in, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from letterbox.models import Folder
from letterbox.web.forms.mailbox_folders import FoldersForm


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
