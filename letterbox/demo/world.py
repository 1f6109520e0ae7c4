"""The rows and letters that stand in the demo world at the beginning.

Made with the same verbs that people's clicks call; the letters travel by SMTP and IMAP
like every other.
"""

from __future__ import annotations

import smtplib
import time
from dataclasses import dataclass
from email.utils import make_msgid

from django.conf import settings
from django.utils import timezone

from letterbox.demo import accounts
from letterbox.mime import build
from letterbox.mime.letter import Address
from letterbox.models import (
    Connection,
    EmailTemplate,
    Folder,
    Grant,
    Mailbox,
    Role,
    User,
)
from letterbox.services import connections, mailboxes, people, rules
from letterbox.sync import probe

# A line is a paragraph: where lines end is the reader's window's to say.
CONFIRMATION = (
    "Dear {{ sender.name }},\n\n"
    "thank you for writing to {{ company.name }}. We have received your letter "
    "“{{ email.subject }}”"
    "{% if case %} and keep it under case {{ case.number }}{% endif %}. A colleague "
    "answers within one working day.\n\n"
    "Your {{ mailbox.name }} team\n"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A letter that waits in the world when a visitor comes."""

    to: str
    name: str
    email: str
    subject: str
    text: str
    html: str = ""


SAMPLES = (
    Sample(
        accounts.SUPPORT,
        "Maria Keller",
        "maria.keller@customer.example",
        "Liefertermin für Bestellung 10482",
        "Guten Tag,\n\nkönnen Sie mir bitte sagen, wann die zweite Palette kommt?\n\n"
        "Mit freundlichen Grüßen\nMaria Keller\n",
    ),
    Sample(
        accounts.SUPPORT,
        "Yuki Tanaka",
        "yuki.tanaka@customer.example",
        "Damaged on arrival, photos attached",
        "Hello,\n\nthe box was open when the carrier handed it over and the handle of "
        "the spade is cracked. What should I do?\n\nYuki\n",
        "<p>Hello,</p><p>the box was <b>open</b> when the carrier handed it over and "
        "the handle of the spade is cracked. What should I do?</p><p>Yuki</p>",
    ),
    Sample(
        accounts.SUPPORT,
        "Olu Adeyemi",
        "olu@customer.example",
        "Cannot sign in to the dealer portal",
        "Since this morning the portal says that my account is locked. "
        "Could you have a look?\n\nThanks, Olu\n",
    ),
    Sample(
        accounts.SALES,
        "Sofia Lind",
        "sofia@northwind.example",
        "Quote for 40 units",
        "Hi,\n\nwe would like a quote for 40 hedge trimmers, delivered to Malmö. "
        "Is 30 days net possible?\n\nBest regards\nSofia Lind\nNorthwind Ltd\n",
    ),
    Sample(
        accounts.SALES,
        "Jan Novák",
        "jan.novak@novak.example",
        "Servisní smlouva",
        "Dobrý den,\n\nmáme zájem o roční servisní smlouvu pro osm strojů.\n\n"
        "Jan Novák\n",
    ),
)


def build_world(*, smtp_port: int, imap_port: int) -> None:
    """People, mailboxes, folders and rules."""
    for person in accounts.PEOPLE:
        _add_person(person)
    support = _add_mailbox("Support", accounts.SUPPORT, smtp_port, imap_port)
    sales = _add_mailbox("Sales", accounts.SALES, smtp_port, imap_port)
    owner = User.objects.get(email=accounts.PEOPLE[0].email)
    mailboxes.set_processing(
        support, action="convert-to-case", options={"owner": owner.pk}, by=None
    )
    mailboxes.set_processing(
        sales,
        action="convert-to-lead",
        options={"owner": owner.pk, "source": "email"},
        by=None,
    )
    template = EmailTemplate.objects.create(
        name="We have your letter",
        entity=EmailTemplate.Entity.EMAIL,
        type=EmailTemplate.Type.PLAIN,
        subject="Re: {{ email.subject }}",
        content=CONFIRMATION,
    )
    rules.add(
        support,
        name="Confirm every new matter",
        conditions={"every": True},
        template=template,
        by=None,
    )


def send_samples(*, smtp_port: int) -> None:
    """The letters that wait when a visitor comes, sent as their writers would."""
    for sample in SAMPLES:
        send_letter(
            smtp_port=smtp_port,
            author=Address(sample.email, sample.name),
            to=sample.to,
            subject=sample.subject,
            text=sample.text,
            html=sample.html,
        )


def send_letter(
    *,
    smtp_port: int,
    author: Address,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    in_reply_to: str = "",
    references: tuple[str, ...] = (),
) -> None:
    """Send a real letter by SMTP to the pretend server."""
    raw = build.build_letter(
        build.Draft(
            from_=author,
            to=(Address(to),),
            subject=subject,
            text=text,
            html=html,
            message_id=make_msgid(domain=author.domain).strip("<>"),
            date=timezone.now(),
            in_reply_to=in_reply_to,
            references=references,
        )
    )
    with smtplib.SMTP("127.0.0.1", smtp_port, timeout=10) as server:
        server.sendmail(author.email, [to], raw)


def wait_for_server(port: int, *, seconds: float = 15) -> None:
    """Wait until the pretend server takes letters."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            smtplib.SMTP("127.0.0.1", port, timeout=2).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _add_person(person: accounts.Person) -> None:
    if person.role == people.ADMINISTRATORS:
        people.make_administrator(
            email=person.email, name=person.name, password=accounts.SIGN_IN_PASSWORD
        )
        user = User.objects.get(email=person.email)
    else:
        user = people.make_user(
            email=person.email,
            name=person.name,
            password=accounts.SIGN_IN_PASSWORD,
            by=None,
        )
    role, _ = Role.objects.get_or_create(name=person.role)
    user.roles.add(role)


def _add_mailbox(label: str, address: str, smtp_port: int, imap_port: int) -> Mailbox:
    mailbox = mailboxes.add(
        label=label,
        address=address,
        by=None,
        display_name=f"{accounts.COMPANY} {label}",
    )
    for protocol, port in (
        (Connection.Protocol.IMAP, imap_port),
        (Connection.Protocol.SMTP, smtp_port),
    ):
        connections.save(
            mailbox,
            protocol=protocol,
            host="127.0.0.1",
            port=port,
            encryption=Connection.Encryption.NONE,
            login=address if protocol == Connection.Protocol.IMAP else "",
            password=accounts.MAIL_PASSWORD
            if protocol == Connection.Protocol.IMAP
            else "",
        )
    probe.retrieve_folders(mailbox)
    wanted = mailbox.folders.filter(role__in=[Folder.Role.INBOX, Folder.Role.SENT])
    mailboxes.tick_folders(
        mailbox, wanted=list(wanted.values_list("pk", flat=True)), by=None
    )
    for name, ability in (
        ("Agents", Grant.Ability.REPLY),
        ("Readers", Grant.Ability.READ),
        (people.ADMINISTRATORS, Grant.Ability.MANAGE),
    ):
        people.grant(
            mailbox, ability=ability, by=None, role=Role.objects.get(name=name)
        )
    return mailbox


def demo_smtp_port() -> int:
    """The port of the pretend server, which the demo puts into its environment."""
    port: int = settings.DEMO_SMTP_PORT
    return port
