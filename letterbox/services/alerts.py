"""Alerts: open one when something is in trouble, close it when that is over, tell once.

Everything here is rows: a mail is one more promise in the Outbox of *another* mailbox
than the one in trouble; the webhook is called by `outbound.notices`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from letterbox import live
from letterbox.mime import build
from letterbox.mime.letter import Address
from letterbox.models import (
    Alert,
    AlertNotice,
    Connection,
    Health,
    Mailbox,
)
from letterbox.services import alert_kinds, alert_settings, languages, notices
from letterbox.services.alert_kinds import Finding
from letterbox.services.speaking import say

logger = logging.getLogger(__name__)

# A notice that nobody could be given for so long is no news any more.
NEWS_FOR = timedelta(days=1)
RETRY = timedelta(minutes=1)
KEPT_FOR = timedelta(days=90)


def refresh() -> None:
    """Compare what is in trouble with the open alerts, and promise the notices."""
    now = timezone.now()
    chosen = alert_settings.current()
    known = {alert.key: alert for alert in alert_kinds.open_alerts()}
    look = alert_kinds.Look(now, chosen.patience, frozenset(known))
    found: set[str] = set()
    for name, kind in alert_kinds.KINDS.items():
        for finding in kind.find(look):
            found.add(finding.key)
            if finding.key in known:
                _renew(known[finding.key], finding)
            else:
                _open(name, finding, is_told=kind.is_told)
    for key, alert in known.items():
        if key not in found:
            _resolve(alert)
    Alert.objects.filter(resolved_at__lt=now - KEPT_FOR).delete()


def send_mails() -> None:
    """Promise every notice that waits for a mailbox which can send it."""
    waiting = AlertNotice.objects.filter(
        state=AlertNotice.State.WAITING, channel=AlertNotice.Channel.MAIL
    ).select_related("alert__mailbox")
    for notice in waiting:
        with transaction.atomic():
            _send_mail(notice)


def give_up_old() -> None:
    """Forget notices that came too late to be news."""
    AlertNotice.objects.filter(
        state=AlertNotice.State.WAITING, created_at__lt=timezone.now() - NEWS_FOR
    ).update(state=AlertNotice.State.GIVEN_UP)


def title_of(notice: AlertNotice) -> str:
    """What it is about, in few words."""
    alert = notice.alert
    subject = alert.mailbox.label if alert.mailbox else "Letterbox"
    if notice.event == AlertNotice.Event.RESOLVED:
        return _("%(subject)s is in order again") % {"subject": subject}
    return _("%(subject)s needs attention") % {"subject": subject}


def address_of(alert: Alert) -> str:
    """The page to look at."""
    if alert.mailbox_id is None:
        return f"{settings.PUBLIC_URL}{reverse('alerts')}"
    return f"{settings.PUBLIC_URL}{reverse('mailbox', args=[alert.mailbox_id])}"


def _open(kind: str, finding: Finding, *, is_told: bool) -> None:
    try:
        with transaction.atomic():
            alert = Alert.objects.create(
                key=finding.key,
                kind=kind,
                mailbox_id=finding.mailbox_id,
                sentence=finding.sentence,
                cure=finding.cure,
            )
            if is_told:
                _promise(alert, AlertNotice.Event.OPENED, _channels())
            live.announce("alert")
    except IntegrityError:
        # Another worker has seen the same; or the mailbox has just gone.
        logger.info("Alert %s is open already.", finding.key)
        return
    logger.warning("Alert %s is open.", finding.key)


def _renew(alert: Alert, finding: Finding) -> None:
    sentence = finding.sentence or alert.sentence
    cure = finding.cure or alert.cure
    if (sentence, cure) == (alert.sentence, alert.cure):
        return
    Alert.objects.filter(pk=alert.pk).update(sentence=sentence, cure=cure)
    live.announce("alert")


@transaction.atomic
def _resolve(alert: Alert) -> None:
    resolved = Alert.objects.filter(pk=alert.pk, resolved_at__isnull=True).update(
        resolved_at=timezone.now()
    )
    if not resolved:
        return
    told = alert.notices.filter(state=AlertNotice.State.DONE)
    # Whom the trouble was not told in time need not hear that it is over.
    alert.notices.filter(state=AlertNotice.State.WAITING).update(
        state=AlertNotice.State.GIVEN_UP, problem="It was over before it was told."
    )
    _promise(alert, AlertNotice.Event.RESOLVED, [each.channel for each in told])
    live.announce("alert")
    logger.info("Alert %s is over.", alert.key)


def _channels() -> list[str]:
    chosen = alert_settings.current()
    ways = [
        (AlertNotice.Channel.MAIL, chosen.sends_mail),
        (AlertNotice.Channel.WEBHOOK, bool(chosen.webhook_url)),
    ]
    return [way.value for way, is_wanted in ways if is_wanted]


def _promise(alert: Alert, event: AlertNotice.Event, channels: Iterable[str]) -> None:
    AlertNotice.objects.bulk_create(
        [
            AlertNotice(
                alert=alert, event=event, channel=channel, due_at=timezone.now()
            )
            for channel in channels
        ],
        ignore_conflicts=True,
    )


def _send_mail(notice: AlertNotice) -> None:
    ours = {
        address
        for mailbox in Mailbox.objects.filter(removed_at__isnull=True)
        for address in mailbox.all_addresses
    }
    # A notice to one of our mailboxes would be a letter to answer.
    people = [each for each in alert_settings.recipients() if each.lower() not in ours]
    mailbox = _other_mailbox(notice.alert)
    if not people or mailbox is None:
        notice.problem = (
            "No other mailbox can send it just now."
            if people
            else "There is nobody to tell."
        )
        notice.attempts += 1
        notice.save(update_fields=["problem", "attempts"])
        return
    # Asked again in the UPDATE: one worker makes the promise.
    is_ours = AlertNotice.objects.filter(
        pk=notice.pk, state=AlertNotice.State.WAITING
    ).update(state=AlertNotice.State.DONE, problem="")
    if is_ours:
        message_id = notices.new_message_id(mailbox)
        notices.promise(
            mailbox,
            raw=_letter(notice, mailbox, people, message_id),
            message_id=message_id,
            recipients=people,
            dedupe_key=f"alert-notice:{notice.pk}",
        )


def _other_mailbox(alert: Alert) -> Mailbox | None:
    """One in order that can send; never the one in trouble."""
    troubled = alert_kinds.open_alerts().filter(
        kind__in=["health", "sign-in"], mailbox__isnull=False
    )
    healthy = (
        Mailbox.objects.filter(
            Q(health__isnull=True)
            | Q(health__state__in=[Health.State.LIVE, Health.State.POLLING]),
            is_on=True,
            removed_at__isnull=True,
            connections__protocol=Connection.Protocol.SMTP,
        )
        .exclude(pk__in=troubled.values("mailbox"))
        .exclude(pk=alert.mailbox_id or 0)
    )
    # One whose letters come is known to work; one that only sends is not.
    return healthy.order_by("health__state", "pk").first()


def _letter(
    notice: AlertNotice, mailbox: Mailbox, people: list[str], message_id: str
) -> bytes:
    """In the company's language: it goes to everybody at once."""
    with translation.override(languages.of_company() or settings.LANGUAGE_CODE):
        return build.build_letter(_draft(notice, mailbox, people, message_id))


def _draft(
    notice: AlertNotice, mailbox: Mailbox, people: list[str], message_id: str
) -> build.Draft:
    alert = notice.alert
    is_over = notice.event == AlertNotice.Event.RESOLVED
    paragraphs = [
        f"{title_of(notice)}.",
        _("It was: %(sentence)s") % {"sentence": say(alert.sentence)}
        if is_over
        else say(alert.sentence),
        "" if is_over else say(alert.cure),
        address_of(alert),
        _("You get one such letter when trouble begins and one when it is over."),
    ]
    return build.Draft(
        from_=Address(mailbox.address, "Letterbox"),
        to=tuple(Address(person) for person in people),
        subject=f"[Letterbox] {title_of(notice)}",
        text="\n\n".join(part for part in paragraphs if part),
        message_id=message_id,
        date=timezone.now(),
        headers=(
            # RFC 3834: not an answer, and nothing to answer by a machine.
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            (build.AUTOMATIC_HEADER, f"alert-{alert.pk}"),
        ),
    )
