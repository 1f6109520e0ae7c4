"""Once a minute: look for trouble, promise mails, call the webhook.

The webhook gets JSON, signed where a secret is set; it is called without a transaction
and tried again for hours. What it answers is read for its status only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from letterbox import http_client, jobs
from letterbox.models import AlertNotice
from letterbox.services import alert_settings, alerts, keys
from letterbox.services.alert_settings import AlertSettings

logger = logging.getLogger(__name__)

RETRY_MINUTES = (1, 5, 15, 60, 240)
# Longer than a call may take; afterwards whoever made it is taken for dead.
CLAIM = timedelta(minutes=2)
MOST_IN_A_MINUTE = 20
SIGNATURE = "X-Letterbox-Signature"


@jobs.every_minute("look-for-trouble")
def look() -> None:
    """Open and close alerts, and tell of them what is still to be told."""
    alerts.refresh()
    alerts.give_up_old()
    call_webhook()
    alerts.send_mails()


def call_webhook() -> None:
    """Tell the webhook everything that is due."""
    chosen = alert_settings.current()
    due = AlertNotice.objects.filter(
        state=AlertNotice.State.WAITING,
        channel=AlertNotice.Channel.WEBHOOK,
        due_at__lte=timezone.now(),
    )
    for notice in due.select_related("alert__mailbox")[:MOST_IN_A_MINUTE]:
        # The condition is asked again, so that two workers do not both call.
        claimed = due.filter(pk=notice.pk).update(
            due_at=timezone.now() + CLAIM, attempts=F("attempts") + 1
        )
        if claimed:
            notice.attempts += 1
            _settle(notice, _call(notice, chosen))


def body_of(notice: AlertNotice) -> dict[str, Any]:
    """What the webhook is told; documented, so fields are only ever added."""
    alert = notice.alert
    mailbox = alert.mailbox
    return {
        "event": f"alert.{notice.event}",
        "id": alert.pk,
        "kind": alert.kind,
        "title": alerts.title_of(notice),
        "sentence": alert.sentence,
        "cure": alert.cure,
        "mailbox": None
        if mailbox is None
        else {"id": mailbox.pk, "label": mailbox.label, "address": mailbox.address},
        "opened_at": alert.opened_at.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
        "url": alerts.address_of(alert),
    }


def _call(notice: AlertNotice, chosen: AlertSettings) -> str:
    """Call once; returns what went wrong, empty when nothing did."""
    if not chosen.webhook_url:
        return "There is no webhook any more."
    body = json.dumps(body_of(notice), ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        # Who gets it twice after a lost answer can tell.
        "X-Letterbox-Delivery": str(notice.pk),
    }
    if chosen.sealed_secret:
        secret = keys.open_sealed(chosen.sealed_secret).encode()
        digest = hmac.new(secret, body, hashlib.sha256).hexdigest()
        headers[SIGNATURE] = f"sha256={digest}"
    request = http_client.Request(
        chosen.webhook_url, body, headers, may_be_plain=True, timeout_seconds=10
    )
    try:
        answer = http_client.send(request, trust=keys.tls_context())
    except http_client.HttpError as error:
        return str(error)
    return "" if answer.is_good else f"It answered with the status {answer.status}."


def _settle(notice: AlertNotice, problem: str) -> None:
    fields: dict[str, object] = {"problem": problem}
    if not problem:
        fields["state"] = AlertNotice.State.DONE
    elif notice.attempts > len(RETRY_MINUTES):
        fields["state"] = AlertNotice.State.GIVEN_UP
        logger.error("The webhook was not told of alert %d.", notice.alert_id)
    else:
        minutes = RETRY_MINUTES[notice.attempts - 1]
        fields["due_at"] = timezone.now() + timedelta(minutes=minutes)
    AlertNotice.objects.filter(pk=notice.pk, state=AlertNotice.State.WAITING).update(
        **fields
    )
