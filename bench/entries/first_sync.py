"""First sync of a big folder: letters per second from Dovecot to searchable rows.

Beside it, in the same run and from the same Dovecot, isync's `mbsync` copies the same
folder to a Maildir: it neither parses, threads nor indexes. The ratio is our letters
per second over its; more is better.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench.letters import BIG, letters
from bench.result import CannotRun, Options, Result
from letterbox import postgres
from tests.product import Product, wait_until
from tests.wire import dovecot as dovecots
from tests.wire.dovecot import Dovecot

NAME = "first-sync"
LETTERS = 20_000
LOGIN = "support"
PATIENCE_SECONDS = 900.0

PREPARE = """
from letterbox.models import Folder
from letterbox.services import connections, mailboxes
from letterbox.sync import probe
mailbox = mailboxes.add(label="Support", address="support@acme.example", by=None)
connections.save(mailbox, protocol="imap", host="127.0.0.1", port={imap},
    encryption="none", login="support", password="secret")
report = probe.retrieve_folders(mailbox)
assert report.is_good, report
inbox = mailbox.folders.get(role=Folder.Role.INBOX)
mailboxes.tick_folders(mailbox, wanted=[inbox.pk], by=None, sync_from="everything")
"""

MBSYNC = """
IMAPAccount bench
Host 127.0.0.1
Port {port}
User support
Pass secret
SSLType None
AuthMechs LOGIN

IMAPStore far
Account bench

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX

Channel bench
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull
SyncState *
"""


def run(options: Options) -> Result:
    """Fill a folder, let both copy it, and compare."""
    if dovecots.version() is None:
        raise CannotRun(dovecots.HOW_TO_GET)
    if shutil.which("mbsync") is None:
        raise CannotRun("mbsync is missing: apt-get install isync.")
    count = options.scaled(LETTERS, least=200)
    with Dovecot.started() as dovecot:
        dovecot.add_user(LOGIN, "secret")
        size = _fill(dovecot, count, options.seed)
        peer_seconds = _time_mbsync(dovecot, count)
        ours = _time_product(dovecot, count)
    peer_rate, our_rate = count / peer_seconds, count / ours["searchable"]
    return Result(
        name=NAME,
        ratio=our_rate / peer_rate,
        parts={
            "letters": count,
            "megabytes": size / 1e6,
            "letters per second": our_rate,
            "mbsync letters per second": peer_rate,
            "seconds to the first letter": ours["first"],
            "seconds to all stored": ours["stored"],
            "seconds to all searchable": ours["searchable"],
        },
        table=[
            ("first sync", "letters/s", "seconds"),
            ("mbsync to Maildir", f"{peer_rate:.0f}", f"{peer_seconds:.1f}"),
            (
                "stored",
                f"{count / ours['stored']:.0f}",
                f"{ours['stored']:.1f}",
            ),
            ("searchable", f"{our_rate:.0f}", f"{ours['searchable']:.1f}"),
        ],
    )


def _fill(dovecot: Dovecot, count: int, seed: int) -> int:
    """Put the letters into the inbox, and have Dovecot index them for both alike."""
    size = 0
    batch: list[bytes] = []
    for raw in letters(count, profile=BIG, seed=seed):
        size += len(raw)
        batch.append(raw)
        if len(batch) == 500:
            dovecot.append(LOGIN, "INBOX", batch)
            batch = []
    dovecot.append(LOGIN, "INBOX", batch)
    return size


def _time_mbsync(dovecot: Dovecot, count: int) -> float:
    with tempfile.TemporaryDirectory(prefix="letterbox-bench-") as name:
        folder = Path(name)
        config = folder / "mbsyncrc"
        config.write_text(MBSYNC.format(port=dovecot.imap_port, folder=folder / "mail"))
        (folder / "mail").mkdir()
        began = time.perf_counter()
        said = subprocess.run(
            ["mbsync", "-c", str(config), "-q", "bench"],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
        copied = sum(1 for _ in (folder / "mail" / "INBOX").glob("*/*"))
        if copied < count:
            raise CannotRun(f"mbsync copied {copied} of {count}: {said.stderr}")
        return seconds


def _time_product(dovecot: Dovecot, count: int) -> dict[str, float]:
    """Seconds from the tick to: the first letter, all stored, all searchable."""
    with postgres.temporary() as url, Product.started(url) as product:
        product.run_python(PREPARE.format(imap=dovecot.imap_port))
        wait_until(
            lambda: (
                product.query(
                    "SELECT count(*) FROM letterbox_message WHERE state <> 'received'"
                )
                == [(count,)]
            ),
            f"all {count} letters are processed",
            lambda: product.log[-2000:],
            seconds=PATIENCE_SECONDS,
        )
        rows = product.query(
            """
            SELECT extract(epoch FROM min(m.processed_at) - f.ticked_at),
                   extract(epoch FROM max(m.stored_at) - f.ticked_at),
                   extract(epoch FROM max(m.processed_at) - f.ticked_at)
            FROM letterbox_message m, letterbox_folder f
            WHERE f.is_ticked GROUP BY f.ticked_at
            """
        )
        first, stored, searchable = (float(str(value)) for value in rows[0])
        return {"first": first, "stored": stored, "searchable": searchable}
