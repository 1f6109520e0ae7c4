"""Delivery → answer accepted by SMTP: 50 letters, one by one, through every process.

A letter is handed to Dovecot by LMTP; the clock stops when the customer's SMTP server
has accepted the automatic answer. Dovecot itself waits 500 ms before it tells anybody
who idles, which is in the figure. There is no peer that answers by itself within the
same run, so there is no ratio.
"""

from __future__ import annotations

import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.result import CannotRun, Options, Result, percentile
from letterbox import postgres
from tests.product import Product, free_port, wait_until
from tests.wire import dovecot as dovecots
from tests.wire.dovecot import Dovecot

NAME = "arrival-to-answer"
LETTERS = 50
ADDRESS = "support@acme.example"

PREPARE = """
from letterbox.models import EmailTemplate, Folder
from letterbox.services import connections, mailboxes, rules
from letterbox.sync import probe
mailbox = mailboxes.add(label="Support", address={address!r}, by=None)
for protocol, port in (("imap", {imap}), ("smtp", {smtp})):
    connections.save(mailbox, protocol=protocol, host="127.0.0.1", port=port,
        encryption="none", login="support" if protocol == "imap" else "",
        password="secret" if protocol == "imap" else "")
report = probe.retrieve_folders(mailbox)
assert report.is_good, report
inbox = mailbox.folders.get(role=Folder.Role.INBOX)
mailboxes.tick_folders(mailbox, wanted=[inbox.pk], by=None)
mailboxes.set_processing(mailbox, action="convert-to-case", options={{}}, by=None)
template = EmailTemplate.objects.create(name="Confirmation", entity="email",
    subject="Re: {{{{ email.subject }}}}",
    content="Case {{{{ case.number }}}} is open. Thank you, {{{{ sender.name }}}}.")
rules.add(mailbox, name="Confirm", conditions={{"every": True}},
    template=template, by=None)
"""


class _Customer:
    """The customer's SMTP server: notes when each answer is accepted."""

    def __init__(self) -> None:
        self.accepted: dict[str, float] = {}
        self.news = threading.Condition()

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        with self.news:
            self.accepted[envelope.rcpt_tos[0]] = time.perf_counter()
            self.news.notify_all()
        return "250 Thank you"

    def wait_for(self, address: str, seconds: float) -> float | None:
        """When the answer to this address was accepted; None when none came."""
        with self.news:
            self.news.wait_for(lambda: address in self.accepted, timeout=seconds)
            return self.accepted.get(address)


def run(options: Options) -> Result:
    """Send the letters one after another and wait for each answer."""
    if dovecots.version() is None:
        raise CannotRun(dovecots.HOW_TO_GET)
    count = options.scaled(LETTERS, least=5)
    customer = _Customer()
    smtp = Controller(customer, hostname="127.0.0.1", port=free_port())
    smtp.start()
    try:
        with (
            postgres.temporary() as url,
            Dovecot.started() as dovecot,
            Product.started(url) as product,
        ):
            dovecot.add_user("support", "secret")
            product.run_python(
                PREPARE.format(address=ADDRESS, imap=dovecot.imap_port, smtp=smtp.port)
            )
            wait_until(
                lambda: (
                    product.query("SELECT state FROM letterbox_health") == [("live",)]
                ),
                "the mailbox is live",
                lambda: product.log,
            )
            times = [_one(dovecot, customer, number) for number in range(count)]
            stages = _stages(product)
    finally:
        smtp.stop()
    answered = [seconds for seconds in times if seconds is not None]
    if not answered:
        raise CannotRun("no letter was answered.")
    p50, p95 = percentile(answered, 0.5), percentile(answered, 0.95)
    return Result(
        name=NAME,
        p50=p50,
        p95=p95,
        parts={"letters": count, "answered": len(answered), **stages},
        table=[
            ("delivery → answer accepted", "figure"),
            ("letters", str(count)),
            ("answered", str(len(answered))),
            ("median", f"{p50 * 1000:.0f} ms"),
            ("95 of 100 within", f"{p95 * 1000:.0f} ms"),
            *((name, f"{seconds * 1000:.0f} ms") for name, seconds in stages.items()),
        ],
    )


def _one(dovecot: Dovecot, customer: _Customer, number: int) -> float | None:
    author = f"customer{number}@d{number}.example"
    raw = (
        f"From: Customer {number} <{author}>\r\nTo: {ADDRESS}\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <{number}@bench.example>\r\n"
        f"\r\nHello, this is question {number}.\r\n"
    ).encode()
    began = time.perf_counter()
    dovecot.deliver("support", raw, sender=author)
    accepted = customer.wait_for(author, 10)
    return None if accepted is None else accepted - began


def _stages(product: Product) -> dict[str, float]:
    """Where the time went, as our own rows tell: medians in seconds."""
    rows = product.query(
        """
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY
                   extract(epoch FROM m.processed_at - m.stored_at)),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY
                   extract(epoch FROM o.sent_at - m.processed_at))
        FROM letterbox_outgoingmail o JOIN letterbox_message m ON m.id = o.answers_id
        """
    )
    stored_to_processed, processed_to_sent = rows[0]
    return {
        "median stored → processed": float(str(stored_to_processed)),
        "median processed → sent": float(str(processed_to_sent)),
    }
