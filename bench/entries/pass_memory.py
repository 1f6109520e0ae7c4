"""How much memory a pass takes, from letters of 1 KB to letters of 50 MB.

Each size is fetched by a process of its own: what it held before the pass is taken off
what it held at most. The letters are noise, which cannot be packed. Nobody else keeps
our ledger, so there is no ratio.
"""

from __future__ import annotations

import base64
import json
import random
import tempfile
from pathlib import Path

from bench.result import CannotRun, Options, Parts, Result
from letterbox import postgres
from tests.product import Product, free_port
from tests.wire import dovecot as dovecots
from tests.wire.dovecot import Dovecot

NAME = "pass-memory"
# How many letters of how many bytes.
SIZES = ((200, 1_000), (100, 1_000_000), (5, 48_000_000))

MEASURE = """
import json, resource
from letterbox.imap.utf7 import INBOX
from letterbox.management import migrate
from letterbox.models import Folder
from letterbox.services import connections, mailboxes
from letterbox.sync import on_demand, tree
from letterbox.sync.passes import Pass
migrate.migrate()
mailbox = mailboxes.add(label="Support", address="support@acme.example", by=None)
connections.save(mailbox, protocol="imap", host="127.0.0.1", port={imap},
    encryption="none", login={login!r}, password="secret")
with on_demand.session_of(mailbox.pk) as session:
    tree.refresh(mailbox, session.list_folders())
    folder = mailbox.folders.get(wire_name=INBOX)
    mailboxes.tick_folders(mailbox, wanted=[folder.pk], by=None, sync_from="everything")
    # The first pass of an empty folder brings in all code and connections.
    warm = mailbox.folders.get(wire_name="Archive")
    Pass(session, warm).run()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    folder.refresh_from_db()
    Pass(session, folder).run()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({{"held": folder.placements.count(), "before": before,
        "more": after - before}}))
"""


def run(options: Options) -> Result:
    """Fetch a folder of each size in a fresh process."""
    if dovecots.version() is None:
        raise CannotRun(dovecots.HOW_TO_GET)
    rows = []
    parts: Parts = {}
    for count, size in SIZES:
        count = options.scaled(count, least=2)
        figures = _measure(count, size, options.seed)
        megabytes = figures["more"] / 1024
        parts[f"MB for {count} letters of {size} bytes"] = megabytes
        rows.append((f"{count}", f"{size:,}", f"{megabytes:.1f} MB"))
    return Result(
        name=NAME,
        parts=parts,
        table=[("letters", "bytes each", "at most more than before"), *rows],
    )


def _measure(count: int, size: int, seed: int) -> dict[str, int]:
    with (
        Dovecot.started() as dovecot,
        postgres.temporary() as url,
        tempfile.TemporaryDirectory(prefix="letterbox-bench-") as folder,
    ):
        dovecot.add_user("support", "secret")
        for number in range(count):
            dovecot.append("support", "INBOX", [_noise(number, size, seed)])
        product = Product(Path(folder), url, free_port())
        said = product.run_python(
            MEASURE.format(login="support", imap=dovecot.imap_port)
        )
        figures: dict[str, int] = json.loads(said.splitlines()[-1])
        if figures["held"] != count:
            raise CannotRun(f"{figures['held']} of {count} letters were stored.")
        return figures


def _noise(number: int, size: int, seed: int) -> bytes:
    """A letter of about so many bytes with an attachment of noise."""
    # Not for secrets: the same letters in each run.
    dice = random.Random(f"{seed} {number} {size}")  # noqa: S311
    head = (
        f"From: Carol <carol{number}@example.org>\r\nTo: support@acme.example\r\n"
        f"Subject: Plan {number}\r\nMessage-ID: <{number}.{size}@bench.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    ).encode()
    packed = base64.encodebytes(dice.randbytes(max(100, (size - len(head)) * 3 // 4)))
    return head + packed.replace(b"\n", b"\r\n")
