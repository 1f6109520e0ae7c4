"""Send what is due, once.

Claim by a conditional UPDATE, talk with no transaction open, record by another UPDATE
that repeats its condition. `fence` rises with every claim: who was overtaken writes
nothing.

    queued ──claim──► sending ──accepted──► sent
      ▲                 │ ├──refused, or deferred too long──► failed
      └──deferred───────┘ └──died after the body──► unsure   (never resent blindly)

Where some recipients were taken and others put off, the mail is sent and a second one,
of the same bytes, is queued for the others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils import timezone

from letterbox import crypto, jobs, live
from letterbox.models import Connection, Folder, OutgoingMail, Placement, RemoteChange
from letterbox.oauth.errors import OauthError
from letterbox.services import connections, outbox
from letterbox.smtp import errors, session
from letterbox.smtp.settings import Receipt, RefusedRecipient, SmtpSettings

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
        send(mail)
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
        state=OutgoingMail.State.QUEUED, fence=F("fence") + 1
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
    ).filter(_is_due(timezone.now()))
    for mail in due.order_by("due_at", "id")[:10]:
        # The filter is asked again inside the UPDATE, so only one worker gets a 1.
        claimed = due.filter(pk=mail.pk).update(
            state=OutgoingMail.State.SENDING,
            claimed_at=timezone.now(),
            body_started_at=None,
            attempts=F("attempts") + 1,
            fence=F("fence") + 1,
        )
        if claimed:
            mail.refresh_from_db()
            return mail
    return None


def _is_due(now: datetime) -> Q:
    """Its hour has come, or was set by a clock that has been set back since.

    A promise cannot have been made an hour from now; waiting for its hour could take
    years. One that was tried since has an hour by the right clock.
    """
    is_from_tomorrow = Q(
        trying_since__gt=now + timedelta(hours=1), due_at__gt=now + GIVE_UP_AFTER
    )
    return Q(due_at__lte=now) | is_from_tomorrow


def send(mail: OutgoingMail) -> None:
    """Attempt one claimed mail; one that cannot even be attempted is set aside."""
    try:
        _attempt(mail)
    except DatabaseError:
        # Nothing can be recorded now; `recover` finds it as it was left.
        raise
    except Exception as error:
        # One odd mail must not hold up the next: keep it, show it, move on.
        logger.exception("Mail %d could not be attempted.", mail.pk)
        mail.refresh_from_db(fields=["body_started_at"])
        state = OutgoingMail.State
        _settle(
            mail,
            state=state.UNSURE if mail.body_started_at else state.FAILED,
            problem=f"Something unforeseen happened ({type(error).__name__}). "
            "Tell whoever looks after Letterbox, then send it again.",
        )


def _attempt(mail: OutgoingMail) -> None:
    """Hand one claimed mail to its server; the error's class decides what follows."""
    connection = (
        Connection.objects.filter(
            mailbox=mail.mailbox_id, protocol=Connection.Protocol.SMTP
        )
        .select_related("sign_in")
        .first()
    )
    if connection is None:
        _settle(
            mail,
            state=OutgoingMail.State.FAILED,
            problem="This mailbox has no SMTP connection. Add one, then send again.",
        )
        return
    try:
        receipt = _hand_over(mail, connection)
    except (crypto.SealError, OauthError) as error:
        # A person must give the password or sign in again; then it goes out.
        _defer(mail, problem=str(error))
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
        _note_taken(mail, receipt)


def _hand_over(mail: OutgoingMail, connection: Connection) -> Receipt:
    """Hand the bytes to the server; a refused token is replaced once."""
    settings = connections.smtp_settings(connection)
    try:
        return _send_by(settings, mail)
    except errors.LoginRefused:
        again = settings
        if settings.token:
            again = connections.smtp_settings(connection, instead_of=settings.token)
        if again.token == settings.token:
            raise
    return _send_by(again, mail)


def _send_by(settings: SmtpSettings, mail: OutgoingMail) -> Receipt:
    return session.send(
        settings,
        sender=mail.sender,
        recipients=mail.recipients,
        raw=mail.raw.content,
        before_body=lambda: _note_body(mail),
    )


@transaction.atomic
def _note_taken(mail: OutgoingMail, receipt: Receipt) -> None:
    """The server has it for some, or all; those put off get a mail of their own."""
    put_off = [each for each in receipt.refused if each.is_temporary]
    refused = [each for each in receipt.refused if not each.is_temporary]
    is_ours = _settle(
        mail,
        state=OutgoingMail.State.SENT,
        answer=str(receipt.reply),
        problem=" ".join(
            [f"{each.address} was refused: {each.reply}." for each in refused]
            + _put_off(put_off)
        ),
    )
    if is_ours and put_off:
        outbox.promise_rest(
            mail,
            recipients=[each.address for each in put_off],
            due_at=timezone.now() + timedelta(minutes=RETRY_MINUTES[0]),
            problem=" ".join(_put_off(put_off)),
        )


def _note_body(mail: OutgoingMail) -> None:
    """From here on a copy may be out: written before the body, so a crash shows."""
    still_ours = OutgoingMail.objects.filter(
        pk=mail.pk, state=OutgoingMail.State.SENDING, fence=mail.fence
    ).update(body_started_at=timezone.now())
    if not still_ours:
        raise _Overtaken


def _put_off(refused: Iterable[RefusedRecipient]) -> list[str]:
    return [f"{each.address} was put off: {each.reply}." for each in refused]


def _defer(
    mail: OutgoingMail,
    *,
    problem: str = "",
    after: timedelta | None = None,
    sender: str | None = None,
) -> None:
    """Try again later, unless it has been tried for too long."""
    if timezone.now() - mail.trying_since > GIVE_UP_AFTER:
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
) -> bool:
    """Record what became of the attempt; False when it is not ours any more."""
    if state == OutgoingMail.State.SENT:
        fields["sent_at"] = timezone.now()
    settled = OutgoingMail.objects.filter(
        pk=mail.pk,
        fence=mail.fence,
        state__in=[OutgoingMail.State.SENDING, OutgoingMail.State.UNSURE],
    ).update(state=state, problem=problem, server_answer=answer, **fields)
    if not settled:
        return False
    logger.info("Mail %d is %s after attempt %d.", mail.pk, state, mail.attempts)
    if state == OutgoingMail.State.SENT:
        _owe_to_server(mail)
    elif state == OutgoingMail.State.FAILED:
        # Or it would wait for somebody who has got nothing.
        outbox.make_it_our_turn(mail, by=None)
    elif state == OutgoingMail.State.UNSURE and _is_on_server(mail):
        outbox.settle(mail, by=None, how="found in a folder")
    outbox.announce(mail)
    return True


def _is_on_server(mail: OutgoingMail) -> bool:
    """Whether a folder has shown the letter already: then it did go out."""
    return (
        mail.sent_message_id is not None
        and Placement.objects.filter(message=mail.sent_message_id).exists()
    )


def _owe_to_server(mail: OutgoingMail) -> None:
    """A copy in Sent and the Answered flag, where the mailbox wants them."""
    if mail.continues_id is not None:
        # The mail that it continues has done both.
        return
    mailbox = mail.mailbox
    if mailbox.appends_sent and mail.kind != OutgoingMail.Kind.NOTICE:
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
