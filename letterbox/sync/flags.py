"""Flags of letters, as the server tells them: server → us, always."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db import transaction

from letterbox.imap import values
from letterbox.models import Folder, Placement


def apply(
    folder: Folder,
    states: Iterable[values.LetterState],
    *,
    check: Callable[[], None] = lambda: None,
) -> int:
    """Write down what flags letters have now; a state without flags says nothing.

    `check` is called in the transaction, and raises when somebody else keeps the
    mailbox. Returns how many letters have other flags now.
    """
    wanted = {state.uid: state for state in states if state.flags is not None}
    if not wanted:
        return 0
    with transaction.atomic():
        check()
        return _apply(folder, wanted)


def _apply(folder: Folder, wanted: dict[int, values.LetterState]) -> int:
    rows = Placement.objects.filter(
        folder=folder, uid_validity=folder.uid_validity or 0, uid__in=list(wanted)
    )
    changed = []
    count = 0
    for row in rows:
        state = wanted[row.uid]
        flags = sorted(state.flags or ())
        # A lower one is no mistake: the server may have begun to count anew.
        mod_seq = state.mod_seq or row.mod_seq
        if (row.flags, row.mod_seq) != (flags, mod_seq):
            count += row.flags != flags
            row.flags, row.mod_seq = flags, mod_seq
            changed.append(row)
    Placement.objects.bulk_update(changed, ["flags", "mod_seq"], batch_size=500)
    return count
