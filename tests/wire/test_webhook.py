"""Alerts by webhook: signed JSON, tried again, at last given up."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import time_machine
from django.utils import timezone

from letterbox.models import AlertNotice, Health, Lease, Mailbox
from letterbox.outbound import notices
from letterbox.services import alert_settings
from letterbox.sync import health


@dataclass
class Hook:
    """Somebody's server; `status` is what it answers."""

    port: int = 0
    status: int = 204
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.heard.append((dict(self.headers), body))
            self.send_response(hook.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join(timeout=10)


@pytest.fixture
def hook(mailbox: Mailbox) -> Iterator[Hook]:
    Lease.objects.create(
        mailbox=mailbox, owner="k", expires_at=timezone.now() + timedelta(days=30)
    )
    with listening() as running:
        alert_settings.change(
            by=None,
            webhook_secret="hush",
            sends_mail=False,
            webhook_url=f"http://127.0.0.1:{running.port}/hook",
        )
        yield running


def break_it(mailbox: Mailbox) -> None:
    health.report(mailbox.pk, Health.State.NEEDS_ATTENTION, cause="Refused.")


def test_the_webhook_gets_signed_json_when_it_begins_and_when_it_is_over(
    mailbox: Mailbox, hook: Hook
) -> None:
    break_it(mailbox)
    notices.look()
    health.report(mailbox.pk, Health.State.LIVE)
    notices.look()
    notices.look()

    said = [json.loads(body) for _, body in hook.heard]
    assert [each["event"] for each in said] == ["alert.opened", "alert.resolved"]
    assert said[0]["mailbox"]["address"] == "support@acme.example"
    assert said[0]["sentence"] == "Refused."
    headers, body = hook.heard[0]
    digest = hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    assert headers[notices.SIGNATURE] == f"sha256={digest}"


def test_a_webhook_that_fails_is_called_again_and_at_last_given_up(
    mailbox: Mailbox, hook: Hook
) -> None:
    hook.status = 500
    break_it(mailbox)

    with time_machine.travel(timezone.now()) as clock:
        for _ in range(len(notices.RETRY_MINUTES) + 4):
            notices.look()
            clock.shift(timedelta(hours=3))

    notice = AlertNotice.objects.get()
    assert notice.state == "given-up"
    assert "500" in notice.problem
    assert len(hook.heard) == len(notices.RETRY_MINUTES) + 1


def test_nobody_is_told_of_an_end_whose_beginning_they_never_heard(
    mailbox: Mailbox, hook: Hook
) -> None:
    hook.status = 503
    break_it(mailbox)
    notices.look()
    health.report(mailbox.pk, Health.State.LIVE)
    hook.status = 200

    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        notices.look()

    assert len(hook.heard) == 1
    assert AlertNotice.objects.get().state == "given-up"
