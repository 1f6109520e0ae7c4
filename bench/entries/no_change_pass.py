"""A pass over a big folder in which nothing has changed: what looking costs.

Three servers: one with QRESYNC, one with CONDSTORE, and one with neither. What the
server lists is written into our tables without fetching it, all but the bytes of the
letters, which no such pass reads; then the ledger must account for every letter. Nobody
else keeps our ledger, so there is no ratio.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench.result import CannotRun, Options, Parts, Result
from letterbox import postgres
from tests.product import Product, free_port
from tests.wire import dovecot as dovecots
from tests.wire.dovecot import Dovecot

NAME = "no-change-pass"
LETTERS = 100_000
# Without any extension a pass lists every letter, so few of them say enough.
PASSES = {"qresync": 20, "condstore": 20, "plain": 4}
OFFERED = {
    "qresync": "",
    "condstore": "imap_capability = IMAP4rev1 LITERAL+ ENABLE UIDPLUS CONDSTORE ESEARCH",
    "plain": "imap_capability = IMAP4rev1 UIDPLUS",
}

MEASURE = """
import hashlib, json, time
from django.db import connection
from django.utils import timezone
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX
from letterbox.inbound import many_rows
from letterbox.management import migrate
from letterbox.models import Folder, Message, Placement, RawLetter
from letterbox.services import connections, mailboxes
from letterbox.sync import on_demand, reconcile, tree
from letterbox.sync.passes import Pass

def write(folder, states):
    raws = many_rows.new_ids(RawLetter, len(states))
    messages = many_rows.new_ids(Message, len(states))
    many_rows.insert(RawLetter, {{"id": raws,
        "sha256": [hashlib.sha256(str(pk).encode()).digest() for pk in raws],
        "size": [each.size for each in states], "zstd": [b""] * len(states)}})
    many_rows.insert(Message, {{"id": messages, "raw_id": raws,
        "mailbox_id": [folder.mailbox_id] * len(states),
        "received_at": [each.internal_date for each in states],
        "state": ["processed"] * len(states), "is_history": [True] * len(states)}})
    many_rows.insert(Placement, {{"folder_id": [folder.pk] * len(states),
        "uid_validity": [folder.uid_validity] * len(states),
        "uid": [each.uid for each in states], "message_id": messages,
        "flags": [sorted(each.flags) for each in states],
        "mod_seq": [each.mod_seq or 0 for each in states],
        "size": [each.size for each in states],
        "internal_date": [each.internal_date for each in states]}})

migrate.migrate()
mailbox = mailboxes.add(label={name!r}, address="{name}@acme.example", by=None)
connections.save(mailbox, protocol="imap", host="127.0.0.1", port={imap},
    encryption="none", login="support", password="secret")
with on_demand.session_of(mailbox.pk) as session:
    tree.refresh(mailbox, session.list_folders())
    folder = mailbox.folders.get(wire_name=INBOX)
    mailboxes.tick_folders(mailbox, wanted=[folder.pk], by=None, sync_from="everything")
    opened = session.examine(INBOX)
    Folder.objects.filter(pk=folder.pk).update(uid_validity=opened.uid_validity,
        live_uid=opened.uid_next, next_uid=opened.uid_next, backfill_uid=1)
    folder.refresh_from_db()
    states = list(session.fetch_states(UidSet.span(1)))
    for start in range(0, len(states), 5_000):
        write(folder, states[start:start + 5_000])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for _ in range(2):
        Pass(session, folder).run()
        folder.refresh_from_db()
    count = reconcile.count(session, folder)
    assert (count.missing, count.server) == (0, count.stored), count
    wall, cpu, received = [], [], []
    for _ in range({passes}):
        folder = Folder.objects.get(pk=folder.pk)
        figures = time.perf_counter(), time.process_time(), session.bytes_received
        outcome = Pass(session, folder).run()
        assert not outcome.has_news, outcome
        wall.append(time.perf_counter() - figures[0])
        cpu.append(time.process_time() - figures[1])
        received.append(session.bytes_received - figures[2])
middle = {passes} // 2
print(json.dumps({{"held": count.stored, "wall": sorted(wall)[middle], "slow": sorted(wall)[-2],
    "cpu": sorted(cpu)[middle], "bytes": sorted(received)[middle]}}))
"""


def run(options: Options) -> Result:
    """Fill a folder for each kind of server and look at it again and again."""
    if dovecots.version() is None:
        raise CannotRun(dovecots.HOW_TO_GET)
    count = options.scaled(LETTERS, least=500)
    found = {name: _measure(name, count) for name in OFFERED}
    parts: Parts = {"letters": count}
    parts.update(found)
    return Result(
        name=NAME,
        p50=float(str(found["qresync"]["wall"])),
        p95=float(str(found["qresync"]["slow"])),
        parts=parts,
        table=[
            ("server", "a pass", "our CPU", "bytes"),
            *(
                (
                    name,
                    f"{float(str(each['wall'])) * 1000:.1f} ms",
                    f"{float(str(each['cpu'])) * 1000:.1f} ms",
                    f"{each['bytes']}",
                )
                for name, each in found.items()
            ),
        ],
    )


def _measure(name: str, count: int) -> Parts:
    with (
        Dovecot.started(extra_config=OFFERED[name]) as dovecot,
        postgres.temporary() as url,
        tempfile.TemporaryDirectory(prefix="letterbox-bench-") as folder,
    ):
        dovecot.add_user("support", "secret")
        dovecot.append("support", "INBOX", [_letter(number) for number in range(count)])
        product = Product(Path(folder), url, free_port())
        said = product.run_python(
            MEASURE.format(name=name, imap=dovecot.imap_port, passes=PASSES[name])
        )
        figures: Parts = json.loads(said.splitlines()[-1])
        if figures["held"] != count:
            raise CannotRun(f"{figures['held']} of {count} letters were stored.")
        return figures


def _letter(number: int) -> bytes:
    return (
        f"From: c{number}@customer.example\r\nTo: support@acme.example\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <{number}@bench.example>\r\n"
        f"\r\nHello, this is question {number}.\r\n"
    ).encode()
