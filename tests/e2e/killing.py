"""A whole machine that dies piece by piece: five mailboxes, and kill -9 for anything.

`Machine` is the product, its PostgreSQL and its Dovecot, each of which may be killed
and comes back. `verdict` counts afterwards what there should be. No pytest here.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from letterbox import postgres
from letterbox.imap.utf7 import INBOX
from letterbox.imap.values import FetchedLetter
from letterbox.postgres import postmaster
from tests.e2e.postman import Postman
from tests.mail import mail
from tests.product import Product, wait_until
from tests.wire import keeping
from tests.wire.dovecot import Dovecot

MAILBOXES = 5
VICTIMS = ("keeper", "worker", "web", "postgres", "dovecot")
# A mailbox whose server died again and again is left alone for up to five minutes.
PATIENCE_SECONDS = 900

PREPARE = """
from letterbox.models import EmailTemplate
from letterbox.services import connections, mailboxes, rules
from letterbox.sync import probe
template = EmailTemplate.objects.create(name="Confirmation", entity="email",
    subject="Re: {{{{ email.subject }}}}",
    content="Case {{{{ case.number }}}} is open. Thank you, {{{{ sender.name }}}}.")
for number in range({mailboxes}):
    mailbox = mailboxes.add(label=f"Support {{number}}",
        address=f"support{{number}}@acme.example", by=None)
    for protocol, port in (("imap", {imap}), ("smtp", {smtp})):
        connections.save(mailbox, protocol=protocol, host="127.0.0.1", port=port,
            encryption="none", login=f"support{{number}}" if protocol == "imap" else "",
            password="secret" if protocol == "imap" else "")
    assert probe.retrieve_folders(mailbox).is_good
    mailboxes.set_processing(mailbox, action="convert-to-case", options={{}}, by=None)
    rules.add(mailbox, name="Confirm", conditions={{"every": True}},
        template=template, by=None)
"""
TICK = """
from letterbox.models import Folder
from letterbox.services import mailboxes
for number in range({first}, {last}):
    inbox = Folder.objects.get(
        mailbox__address=f"support{{number}}@acme.example", role=Folder.Role.INBOX)
    mailboxes.tick_folders(inbox.mailbox, wanted=[inbox.pk], by=None,
        sync_from="everything")
"""

STORED = """
    SELECT encode(raw.sha256, 'hex') FROM letterbox_message message
    JOIN letterbox_rawletter raw ON raw.id = message.raw_id
    JOIN letterbox_mailbox mailbox ON mailbox.id = message.mailbox_id
    WHERE message.direction = 'in' AND mailbox.address = '{address}'
"""
PLACED = """
    SELECT place.uid, encode(raw.sha256, 'hex') FROM letterbox_placement place
    JOIN letterbox_folder folder ON folder.id = place.folder_id
    JOIN letterbox_mailbox mailbox ON mailbox.id = folder.mailbox_id
    JOIN letterbox_message message ON message.id = place.message_id
    JOIN letterbox_rawletter raw ON raw.id = message.raw_id
    WHERE place.gone_at IS NULL AND folder.wire_name = 'INBOX'
        AND place.uid_validity = folder.uid_validity
        AND mailbox.address = '{address}'
"""
RECEIVED = "SELECT count(*) FROM letterbox_message WHERE direction = 'in'"
PROCESSED = f"{RECEIVED} AND state = 'processed'"
STUCK = f"{RECEIVED} AND state = 'stuck'"
LIVE = f"{RECEIVED} AND NOT is_history"
CASES = "SELECT count(*) FROM letterbox_case"
PROMISES = "SELECT count(*) FROM letterbox_outgoingmail"
SETTLED = f"{PROMISES} WHERE state IN ('sent', 'unsure')"
UNSURE = "SELECT recipients[1] FROM letterbox_outgoingmail WHERE state = 'unsure'"


@dataclass
class Machine:
    """The product with all it stands on, and what was written to it so far."""

    product: Product
    dovecot: Dovecot
    postman: Postman
    data: Path
    history: int
    # So many mailboxes are kept by now.
    begun: int = 0
    customers: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    # Login → letters that were written to it.
    _written: Counter[str] = field(default_factory=Counter)

    @classmethod
    @contextmanager
    def started(cls, data: Path, *, history: int) -> Iterator[Machine]:
        """Set up five mailboxes with so many old letters in all, and start."""
        with (
            Dovecot.started() as dovecot,
            Postman.started() as postman,
            postgres.provide(database_url=None, data_folder=data) as url,
        ):
            for number in range(MAILBOXES):
                login = f"support{number}"
                dovecot.add_user(login, "secret")
                old = [_old(number, place) for place in range(history // MAILBOXES)]
                dovecot.append(login, "INBOX", old)
            # What lies there when the folders are ticked has come before.
            time.sleep(1.1)
            with Product.started(url) as product:
                product.run_python(
                    PREPARE.format(
                        mailboxes=MAILBOXES,
                        imap=dovecot.imap_port,
                        smtp=postman.port,
                    )
                )
                yield cls(product, dovecot, postman, data, history)

    def begin(self, count: int) -> None:
        """Have so many more mailboxes kept: their past begins to come."""
        last = self.begun + count
        self.product.run_python(TICK.format(first=self.begun, last=last))
        self.begun = last

    def write(self, letters: int) -> None:
        """So many people write to the kept mailboxes, each for the first time.

        To each mailbox alike in the end, since one that answers too much holds back.
        """
        for _ in range(letters):
            number = len(self.customers)
            customer = f"customer{number}@d{number}.example"
            login = min(self._logins, key=self._written.__getitem__)
            raw = mail(
                from_=f"Customer {number} <{customer}>",
                to=f"{login}@acme.example",
                subject=f"Question {number}",
            )
            self.dovecot.deliver(login, raw, sender=customer)
            self._written[login] += 1
            self.customers.append(customer)

    @property
    def _logins(self) -> list[str]:
        return [f"support{number}" for number in range(self.begun)]

    def kill(self, victim: str) -> None:
        """kill -9."""
        self.kills[victim] += 1
        match victim:
            case "postgres":
                running = postmaster.find(self.data / "postgres" / "data")
                assert running is not None
                os.kill(running.pid, signal.SIGKILL)
            case "dovecot":
                self.dovecot.kill()
            case _:
                self.product.kill(victim)

    def bring_back(self, victim: str) -> None:
        """Start what no supervisor starts again."""
        if victim == "postgres":
            # Joins the hold that we have, and leaves the server running.
            with postgres.provide(database_url=None, data_folder=self.data):
                pass
        elif victim == "dovecot":
            self.dovecot.start()

    def number(self, sql: str) -> int:
        """The number that a query answers with."""
        return int(str(self.product.query(sql)[0][0]))

    def is_filling(self) -> bool:
        """Whether letters of the past are still to come."""
        sql = "SELECT count(*) FROM letterbox_folder WHERE is_backfilling"
        return self.number(sql) > 0

    def wait_until_settled(self) -> None:
        """Wait until every letter is processed and every answer has its end."""
        live = len(self.customers)
        for sql, wanted in (
            (PROCESSED, self.history + live),
            (CASES, live),
            (SETTLED, live),
        ):
            wait_until(
                lambda sql=sql, wanted=wanted: self.number(sql) >= wanted,
                f"{wanted} rows: {sql}",
                lambda sql=sql: f"{self.number(sql)} rows\n{self.product.log[-8000:]}",
                seconds=PATIENCE_SECONDS,
            )

    def verdict(self) -> dict[str, int]:
        """Count; fails unless every letter is there once, with one case and answer."""
        theirs = stored = missing = twice = 0
        for number in range(MAILBOXES):
            there = _letters_of(self.dovecot, f"support{number}")
            address = f"support{number}@acme.example"
            held = [str(row[0]) for row in self._rows(STORED, address)]
            places = self._rows(PLACED, address)
            assert Counter(held) == Counter(there.values()), address
            assert {int(str(uid)): sha for uid, sha in places} == there, address
            theirs += len(there)
            stored += len(held)
            missing += len(set(there.values()) - set(held))
            twice += len(held) - len(set(held))
        live = len(self.customers)
        assert self.number(STUCK) == 0
        assert theirs == self.history + live
        for sql in (LIVE, CASES, PROMISES, SETTLED):
            assert self.number(sql) == live, sql
        taken = self.postman.counts()
        unsure = {str(row[0]) for row in self.product.query(UNSURE)}
        assert set(taken) <= set(self.customers)
        assert set(self.customers) - set(taken) <= unsure
        assert max(taken.values(), default=1) == 1, taken
        return {
            "server": theirs,
            "stored": stored,
            "missing": missing,
            "twice": twice,
            "live": live,
            "cases": self.number(CASES),
            "answered once": len(taken),
            "unsure": len(unsure),
        }

    def _rows(self, sql: str, address: str) -> Sequence[tuple[object, ...]]:
        return self.product.query(sql.format(address=address))


def answers_again(machine: Machine) -> bool:
    """Whether the database takes connections."""
    try:
        machine.number("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _old(mailbox: int, place: int) -> bytes:
    """A letter of 60 KB, so that a chunk holds a part of the folder only."""
    return mail(
        from_=f"Old Customer <old{mailbox}-{place}@old.example>",
        to=f"support{mailbox}@acme.example",
        subject=f"An old question {place}",
        text="It was long ago, and nobody shall answer it. " * 1_300,
    )


def _letters_of(dovecot: Dovecot, login: str) -> dict[int, str]:
    """UID → hash of each letter that the server has in the inbox."""
    session = keeping.log_in(dovecot, login)
    try:
        session.examine(INBOX)
        return {
            one.uid: hashlib.sha256(one.raw).hexdigest()
            for one in session.fetch_letters(session.search("ALL"))
            if isinstance(one, FetchedLetter)
        }
    finally:
        session.close()
