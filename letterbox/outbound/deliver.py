"""Send what is due, once.

Claim by a conditional UPDATE, talk with no transaction open, record by another UPDATE
that repeats its condition. `attempts` is the fence: who was overtaken writes nothing.

    queued ──claim──► sending ──accepted──► sent
      ▲                 │ ├──refused, or deferred too long──► failed
      └──deferred───────┘ └──died after the body──► unsure   (never resent blindly)
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from letterbox import jobs, live
from letterbox.models import Connection, Folder, OutgoingMail, Placement, RemoteChange
from letterbox.services import connections, outbox
from letterbox.smtp import errors, session
from letterbox.smtp.settings import Receipt

logger = logging.getLogger(__name__)

# RFC 5321, 4.5.4.1: keep trying for days, at first soon, then less often.
RETRY_MINUTES = (1, 2, 5, 10, 30, 60, 120, 240)
GIVE_UP_AFTER = timedelta(days=3)


class _Overtaken(Exception):
    """Another worker took this mail over; nothing has been sent by us."""


@jobs.drain(outbox.DELIVER)
def deliver(mailbox_id: int) -> None:
    """Send everything of this mailbox that is due, then arrange to come back."""
    recover(mailbox_id)
    while mail := claim(mailbox_id):
        _send(mail)
    upcoming = (
        OutgoingMail.objects.filter(mailbox=mailbox_id, state=OutgoingMail.State.QUEUED)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    if upcoming is not None:
        jobs.wake(outbox.DELIVER, mailbox_id, at=upcoming)


def recover(mailbox_id: int) -> None:
    """Take up what a dead worker left: only one delivers a mailbox at a time."""
    left = OutgoingMail.objects.filter(
        mailbox=mailbox_id, state=OutgoingMail.State.SENDING
    )
    safe = left.filter(body_started_at__isnull=True).update(
        state=OutgoingMail.State.QUEUED, attempts=F("attempts") + 1
    )
    if safe:
        logger.warning("%d interrupted mails are queued again.", safe)
    for mail in left.filter(body_started_at__isnull=False):
        _settle(
            mail,
            state=OutgoingMail.State.UNSURE,
            problem="Letterbox was interrupted while the server was taking the letter. "
            "It may have arrived: check, then settle or send it again.",
        )


def claim(mailbox_id: int) -> OutgoingMail | None:
    """The next due mail, for this worker alone."""
    due = OutgoingMail.objects.filter(
        mailbox=mailbox_id,
        state=OutgoingMail.State.QUEUED,
        due_at__lte=timezone.now(),
    )
    for mail in due.order_by("due_at", "id")[:10]:
        # The filter is asked again inside the UPDATE, so only one worker gets a 1.
        claimed = due.filter(pk=mail.pk).update(
            state=OutgoingMail.State.SENDING,
            claimed_at=timezone.now(),
            body_started_at=None,
            attempts=F("attempts") + 1,
        )
        if claimed:
            mail.refresh_from_db()
            return mail
    return None


def _send(mail: OutgoingMail) -> None:
    """Hand one claimed mail to its server; the error's class decides what follows."""
    connection = Connection.objects.filter(
        mailbox=mail.mailbox_id, protocol=Connection.Protocol.SMTP
    ).first()
    if connection is None:
        _settle(
            mail,
            state=OutgoingMail.State.FAILED,
            problem="This mailbox has no SMTP connection. Add one, then send again.",
        )
        return
    try:
        receipt = session.send(
            connections.smtp_settings(connection),
            sender=mail.sender,
            recipients=mail.recipients,
            raw=mail.raw.content,
            before_body=lambda: _note_body(mail),
        )
    except _Overtaken:
        logger.warning("Mail %d was taken over by another worker.", mail.pk)
    except errors.MaybeSent as error:
        _settle(mail, state=OutgoingMail.State.UNSURE, problem=str(error))
    except errors.SenderRefused as error:
        if mail.sender:
            _settle(mail, state=OutgoingMail.State.FAILED, problem=str(error))
        else:
            # Some relays take no empty envelope sender; then the mailbox signs.
            _defer(mail, after=timedelta(0), sender=mail.mailbox.address)
    except errors.Refused as error:
        _settle(mail, state=OutgoingMail.State.FAILED, problem=str(error))
    except errors.SmtpError as error:
        _defer(mail, problem=str(error))
    else:
        _settle(
            mail,
            state=OutgoingMail.State.SENT,
            answer=str(receipt.reply),
            problem=_left_out(receipt),
        )


def _note_body(mail: OutgoingMail) -> None:
    """From here on a copy may be out: written before the body, so a crash shows."""
    still_ours = OutgoingMail.objects.filter(
        pk=mail.pk, state=OutgoingMail.State.SENDING, attempts=mail.attempts
    ).update(body_started_at=timezone.now())
    if not still_ours:
        raise _Overtaken


def _left_out(receipt: Receipt) -> str:
    """Which recipients the server would not take, in words."""
    return " ".join(
        f"{each.address} was refused: {each.reply}." for each in receipt.refused
    )


def _defer(
    mail: OutgoingMail,
    *,
    problem: str = "",
    after: timedelta | None = None,
    sender: str | None = None,
) -> None:
    """Try again later, unless it has been tried for too long."""
    if timezone.now() - mail.created_at > GIVE_UP_AFTER:
        _settle(mail, state=OutgoingMail.State.FAILED, problem=problem)
        return
    if after is None:
        step = min(mail.attempts, len(RETRY_MINUTES)) - 1
        after = timedelta(minutes=RETRY_MINUTES[step])
    _settle(
        mail,
        state=OutgoingMail.State.QUEUED,
        problem=problem,
        due_at=timezone.now() + after,
        sender=mail.sender if sender is None else sender,
    )


@transaction.atomic
def _settle(
    mail: OutgoingMail,
    *,
    state: OutgoingMail.State,
    problem: str = "",
    answer: str = "",
    **fields: datetime | str,
) -> None:
    """Record what became of the attempt, if it is still ours."""
    if state == OutgoingMail.State.SENT:
        fields["sent_at"] = timezone.now()
    settled = OutgoingMail.objects.filter(
        pk=mail.pk,
        attempts=mail.attempts,
        state__in=[OutgoingMail.State.SENDING, OutgoingMail.State.UNSURE],
    ).update(state=state, problem=problem, server_answer=answer, **fields)
    if not settled:
        return
    logger.info("Mail %d is %s after attempt %d.", mail.pk, state, mail.attempts)
    if state == OutgoingMail.State.SENT:
        _owe_to_server(mail)
    outbox.announce(mail)


def _owe_to_server(mail: OutgoingMail) -> None:
    """A copy in Sent and the Answered flag, where the mailbox wants them."""
    mailbox = mail.mailbox
    if mailbox.appends_sent:
        sent = Folder.objects.filter(
            mailbox=mailbox, role=Folder.Role.SENT, is_selectable=True, gone_at=None
        ).first()
        if sent is not None:
            RemoteChange.objects.get_or_create(
                mailbox=mailbox,
                kind=RemoteChange.Kind.APPEND,
                outgoing=mail,
                defaults={"folder": sent},
            )
    if mailbox.writes_answered_back and mail.answers_id:
        place = Placement.objects.filter(message=mail.answers_id, gone_at=None).first()
        if place is not None:
            RemoteChange.objects.create(
                mailbox=mailbox,
                kind=RemoteChange.Kind.ADD_FLAG,
                placement=place,
                folder_id=place.folder_id,
                value="\\Answered",
            )
    live.announce("errand", mailbox_id=mailbox.pk)
