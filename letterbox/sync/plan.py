"""Which steps make our copy of a folder equal to the server's: pure, tested by tables.

Nothing here talks or stores. Known is what our rows say, Reported what the server said
when the folder was opened, or in a STATUS.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """Our side: the folder's cursors; `uid_validity` None before the first pass.

    `counted`: how many letters the server had when we last knew of all that were gone;
    None when we took some since then.
    `wants_past`: letters older than the tick are wanted. `is_backfilling`: some of them
    are still to come, and nobody has paused them.
    """

    uid_validity: int | None
    next_uid: int
    mod_seq: int
    counted: int | None
    wants_past: bool = False
    is_backfilling: bool = False


@dataclass(frozen=True, slots=True)
class Reported:
    """The server's side; None is what it left out.

    `tells_changes`: whoever opens a folder and names a mod-sequence is told which
    letters were changed and which are gone since (QRESYNC, RFC 7162, section 3.2.5).
    """

    uid_validity: int | None
    next_uid: int | None
    mod_seq: int | None
    exists: int | None
    tells_changes: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """First pass: take what came since the tick, and set the cursors above the past."""


@dataclass(frozen=True, slots=True)
class StartOver:
    """The numbers mean other letters now (UIDVALIDITY); recognise what we hold."""


@dataclass(frozen=True, slots=True)
class CheckNumbers:
    """The server fell back behind what it once told; compare the whole ledger with it.

    Then take what is new by whatever the cursor is after that.
    """


@dataclass(frozen=True, slots=True)
class FetchNew:
    """Take every letter from this UID on."""

    first_uid: int


@dataclass(frozen=True, slots=True)
class RefreshFlags:
    """Read flags again: those changed since a mod-sequence, or of the newest letters."""

    since: int | None


@dataclass(frozen=True, slots=True)
class FindVanished:
    """Compare the server's UIDs with ours, unless the counts prove that none is gone.

    `counted` is how many letters the server had after the last pass; if that and what
    has arrived since add up to what it has now, nothing can have vanished.
    """

    counted: int | None


@dataclass(frozen=True, slots=True)
class Backfill:
    """Take some of the past, newest first."""


Step = (
    Begin | StartOver | CheckNumbers | FetchNew | RefreshFlags | FindVanished | Backfill
)


def make_plan(known: Known, reported: Reported) -> list[Step]:
    """List the steps, in the order in which people want their results.

    A server that sends no UIDVALIDITY is believed to have kept the old one: a missing
    or zero value is a server's mistake and never a reason to throw a ledger away.
    """
    past: list[Step] = [Backfill()] if known.wants_past else []
    if known.uid_validity is None:
        return [Begin(), *past] if reported.uid_validity is not None else []
    if _is_renumbered(known, reported):
        return [StartOver(), *past]
    if has_fallen_back(known, reported):
        return [CheckNumbers(), *([Backfill()] if known.is_backfilling else [])]
    steps: list[Step] = []
    is_maybe_new = reported.next_uid is None or reported.next_uid > known.next_uid
    if is_maybe_new:
        steps.append(FetchNew(first_uid=known.next_uid))
    if reported.mod_seq is None:
        steps.append(RefreshFlags(since=None))
    elif reported.mod_seq != known.mod_seq and not (
        reported.tells_changes and known.mod_seq
    ):
        steps.append(RefreshFlags(since=known.mod_seq or None))
    if not reported.tells_changes and (
        is_maybe_new or known.counted != reported.exists
    ):
        steps.append(FindVanished(counted=known.counted))
    if known.is_backfilling:
        steps.append(Backfill())
    return steps


def is_behind(known: Known, reported: Reported) -> bool:
    """Whether a STATUS says that a pass would find something; the past aside.

    Without mod-sequences a STATUS does not show changed flags; who asks must look
    into such folders now and then in any case.
    """
    if known.uid_validity is None or _is_renumbered(known, reported):
        return True
    return (
        has_fallen_back(known, reported)
        or (reported.next_uid is None or reported.next_uid > known.next_uid)
        or (reported.mod_seq is not None and reported.mod_seq != known.mod_seq)
        or (reported.exists is not None and reported.exists != known.counted)
    )


def has_fallen_back(known: Known, reported: Reported) -> bool:
    """Whether the server knows of fewer letters or changes than it told us once.

    Neither may ever happen under one UIDVALIDITY (RFC 3501, section 2.3.1.1; RFC 7162,
    section 3.1.1). It does when a server is restored from a backup, and when one that
    lost its index begins to count changes anew.
    """
    has_lost_letters = (
        reported.next_uid is not None and reported.next_uid < known.next_uid
    )
    has_lost_changes = reported.mod_seq is not None and reported.mod_seq < known.mod_seq
    return has_lost_letters or has_lost_changes


def _is_renumbered(known: Known, reported: Reported) -> bool:
    return (
        reported.uid_validity is not None
        and reported.uid_validity != known.uid_validity
    )
