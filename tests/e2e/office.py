"""A product at work: one mailbox on Dovecot, one administrator, one rule."""

from __future__ import annotations

from dataclasses import dataclass

from tests.e2e.postman import Postman
from tests.mail import mail
from tests.product import Product, wait_until
from tests.wire.dovecot import Dovecot

ADDRESS = "support@acme.example"
EMAIL = "max@acme.example"
PASSWORD = "a quiet green lamp"
PATIENCE_SECONDS = 60

PREPARE = """
from letterbox.models import Folder, Grant
from letterbox.services import connections, mailboxes, people
from letterbox.sync import probe
people.make_first_administrator(email={email!r}, name="Max Moore", password={password!r})
mailbox = mailboxes.add(label="Support", address={address!r}, by=None)
from letterbox.models import User
people.grant(mailbox, ability=Grant.Ability.MANAGE, by=None, user=User.objects.get())
for protocol, port in (("imap", {imap}), ("smtp", {smtp})):
    connections.save(mailbox, protocol=protocol, host="127.0.0.1", port=port,
        encryption="none", login={login!r} if protocol == "imap" else "",
        password="secret" if protocol == "imap" else "")
assert probe.retrieve_folders(mailbox).is_good
wanted = mailbox.folders.filter(role__in=[Folder.Role.INBOX, Folder.Role.SENT])
mailboxes.tick_folders(mailbox, wanted=[each.pk for each in wanted], by=None)
mailboxes.set_processing(mailbox, action="convert-to-case", options={{}}, by=None)
"""

ADD_RULE = """
from letterbox.models import EmailTemplate, Mailbox
from letterbox.services import rules
template = EmailTemplate.objects.create(name="Confirmation", entity="email",
    subject="Re: {{ email.subject }}",
    content="Case {{ case.number }} is open. Thank you, {{ sender.name }}.")
rules.add(Mailbox.objects.get(), name="Confirm", conditions={"every": True},
    template=template, by=None)
"""


@dataclass
class Office:
    """The product, the server that its mailbox lives on, and where its answers go."""

    product: Product
    dovecot: Dovecot
    postman: Postman
    login: str

    @classmethod
    def opened(
        cls, product: Product, dovecot: Dovecot, postman: Postman, login: str
    ) -> Office:
        """Set the mailbox up with its rule and wait until it is watched."""
        office = cls(product, dovecot, postman, login)
        product.run_python(
            PREPARE.format(
                email=EMAIL,
                password=PASSWORD,
                address=ADDRESS,
                imap=dovecot.imap_port,
                smtp=postman.port,
                login=login,
            )
            + ADD_RULE
        )
        office.wait_until_live()
        return office

    def wait_until_live(self) -> None:
        """Wait until every letter that comes from now on counts as new."""
        wait_until(
            lambda: (
                self.product.query("SELECT state FROM letterbox_health") == [("live",)]
            ),
            "the mailbox is live",
            lambda: self.product.log,
        )

    def write(self, customer: str, *, subject: str = "The lamp is broken") -> None:
        """Somebody outside writes; the letter comes with an envelope sender."""
        raw = mail(from_=f"{customer.partition('@')[0]} <{customer}>", subject=subject)
        self.dovecot.deliver(self.login, raw, sender=customer)

    def number(self, sql: str) -> int:
        """The number that a query answers with."""
        return int(str(self.product.query(sql)[0][0]))
