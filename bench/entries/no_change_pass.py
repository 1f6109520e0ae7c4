"""A pass over a big folder in which nothing has changed: what looking costs.

Three servers: one with QRESYNC, one with CONDSTORE, and one with neither. The first
pass that fills the folder is not measured. Nobody else keeps our ledger, so there is
no ratio.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench.letters import SMALL, letters
from bench.result import CannotRun, Options, Parts, Result
from letterbox import postgres
from tests.product import Product, free_port
from tests.wire import dovecot as dovecots
from tests.wire.dovecot import Dovecot

NAME = "no-change-pass"
LETTERS = 100_000
PASSES = 20
OFFERED = {
    "qresync": "",
    "condstore": "imap_capability = IMAP4rev1 LITERAL+ ENABLE UIDPLUS CONDSTORE ESEARCH",
    "plain": "imap_capability = IMAP4rev1 UIDPLUS",
}

MEASURE = """
import json, time
from django.utils import timezone
from letterbox.imap.utf7 import INBOX
from letterbox.management import migrate
from letterbox.models import Folder
from letterbox.services import connections, mailboxes
from letterbox.sync import on_demand, tree
from letterbox.sync.passes import Pass
migrate.migrate()
mailbox = mailboxes.add(label={name!r}, address="{name}@acme.example", by=None)
connections.save(mailbox, protocol="imap", host="127.0.0.1", port={imap},
    encryption="none", login="support", password="secret")
with on_demand.session_of(mailbox.pk) as session:
    tree.refresh(mailbox, session.list_folders())
    folder = mailbox.folders.get(wire_name=INBOX)
    mailboxes.tick_folders(mailbox, wanted=[folder.pk], by=None, sync_from="everything")
    folder.refresh_from_db()
    began = time.perf_counter()
    outcome = Pass(session, folder).run()
    first = time.perf_counter() - began
    held = folder.placements.count()
    Pass(session, folder).run()
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
print(json.dumps({{"held": held, "stored per second": held / first,
    "wall": sorted(wall)[middle], "slow": sorted(wall)[-2],
    "cpu": sorted(cpu)[middle], "bytes": sorted(received)[middle]}}))
"""


def run(options: Options) -> Result:
    """Fill a folder for each kind of server and look at it again and again."""
    if dovecots.version() is None:
        raise CannotRun(dovecots.HOW_TO_GET)
    count = options.scaled(LETTERS, least=500)
    found = {name: _measure(name, count, options.seed) for name in OFFERED}
    parts: Parts = {"letters": count}
    parts.update(found)
    return Result(
        name=NAME,
        p50=float(str(found["qresync"]["wall"])),
        p95=float(str(found["qresync"]["slow"])),
        parts=parts,
        table=[
            ("server", "a pass", "our CPU", "bytes", "stored/s before"),
            *(
                (
                    name,
                    f"{float(str(each['wall'])) * 1000:.1f} ms",
                    f"{float(str(each['cpu'])) * 1000:.1f} ms",
                    f"{each['bytes']}",
                    f"{float(str(each['stored per second'])):.0f}",
                )
                for name, each in found.items()
            ),
        ],
    )


def _measure(name: str, count: int, seed: int) -> Parts:
    with (
        Dovecot.started(extra_config=OFFERED[name]) as dovecot,
        postgres.temporary() as url,
        tempfile.TemporaryDirectory(prefix="letterbox-bench-") as folder,
    ):
        dovecot.add_user("support", "secret")
        dovecot.append(
            "support", "INBOX", list(letters(count, profile=SMALL, seed=seed))
        )
        product = Product(Path(folder), url, free_port())
        said = product.run_python(
            MEASURE.format(name=name, imap=dovecot.imap_port, passes=PASSES)
        )
        figures: Parts = json.loads(said.splitlines()[-1])
        if figures["held"] != count:
            raise CannotRun(f"{figures['held']} of {count} letters were stored.")
        return figures
