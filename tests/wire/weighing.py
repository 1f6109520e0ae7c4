"""How much memory a pass takes, in a process of its own; for tests and the bench.

The letters are noise, which cannot be packed. What the process held when the pass began
is taken off what it held at most. Linux only.
"""

from __future__ import annotations

import base64
import json
import random
import tempfile
from pathlib import Path

from tests.product import Product, free_port
from tests.wire.dovecot import Dovecot

MEASURE = """
import gc, json
from pathlib import Path
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.services import connections, mailboxes
from letterbox.sync import memory, on_demand, tree
from letterbox.sync.passes import Pass

def held(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024

def tick(name):
    folder = mailbox.folders.get(wire_name=name)
    mailboxes.tick_folders(mailbox, wanted=[folder.pk], by=None, sync_from="everything")
    return mailbox.folders.get(pk=folder.pk)

memory.be_frugal()
mailbox = mailboxes.add(label="Support", address="support@acme.example", by=None)
connections.save(mailbox, protocol="imap", host="127.0.0.1", port={imap},
    encryption="none", login="support", password="secret")
with on_demand.session_of(mailbox.pk) as session:
    tree.refresh(mailbox, session.list_folders())
    # A small letter brings in all code and connections.
    Pass(session, tick("Archive")).run()
    folder = tick(INBOX)
    # What is free must not pass for what was needed before.
    gc.collect()
    memory.give_back()
    before = held("VmRSS:")
    # From here on the peak counts anew; see proc(5).
    Path("/proc/self/clear_refs").write_text("5")
    Pass(session, folder).run()
    print(json.dumps({{"held": folder.placements.count(),
        "more": held("VmHWM:") - before}}))
"""


def weigh(server_url: str, *, count: int, size: int, seed: int = 1) -> int:
    """Bytes that a first pass over so many letters of this size takes at most.

    `server_url` is an empty database. AssertionError if not all letters were stored.
    """
    with (
        Dovecot.started() as dovecot,
        tempfile.TemporaryDirectory(prefix="letterbox-weighing-") as folder,
    ):
        dovecot.add_user("support", "secret")
        dovecot.append("support", "Archive", [noise(-1, 1_000, seed)])
        for number in range(count):
            dovecot.append("support", "INBOX", [noise(number, size, seed)])
        product = Product(Path(folder), server_url, free_port())
        # In another process, since its memory would be there to be used again.
        product.run_python(
            "from letterbox.management import migrate; migrate.migrate()"
        )
        said = product.run_python(MEASURE.format(imap=dovecot.imap_port))
    figures: dict[str, int] = json.loads(said.splitlines()[-1])
    assert figures["held"] == count, f"{figures['held']} of {count} letters were stored"
    return figures["more"]


def noise(number: int, size: int, seed: int) -> bytes:
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
