"""`letterbox check`: the configuration and every connection, in plain sentences.

Only looks: it stores nothing, sends nothing and makes no key. What can be known at all
is said, whatever else is wrong; exit code 1 when anything is.
"""

from __future__ import annotations

import argparse
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from letterbox import crypto
from letterbox.management import run
from letterbox.management.cli import Mistake
from letterbox.models import Connection, Mailbox
from letterbox.services.keys import keyring
from letterbox.sync import probe

# PostgreSQL stops when its disk is full; this much is worth a warning before.
LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, and a sentence; `advice` says the cure."""

    subject: str
    is_good: bool
    sentence: str
    advice: str = ""

    def __str__(self) -> str:
        mark = "  ok   " if self.is_good else "  WRONG"
        return f"{mark}  {self.subject}: {self.sentence} {self.advice}".rstrip()


def good(subject: str, sentence: str) -> Finding:
    """Something that is as it should be."""
    return Finding(subject=subject, is_good=True, sentence=sentence)


def wrong(subject: str, sentence: str, advice: str = "") -> Finding:
    """Something that a person must mend."""
    return Finding(subject=subject, is_good=False, sentence=sentence, advice=advice)


def command(arguments: argparse.Namespace) -> int:
    """Look at everything; say each thing as soon as it is known."""
    wrong_ones = 0
    for finding in findings():
        run.say(str(finding))
        wrong_ones += not finding.is_good
    if wrong_ones:
        things = "thing is" if wrong_ones == 1 else "things are"
        run.say(f"\n{wrong_ones} {things} wrong.")
        return 1
    run.say("\nEverything is well.")
    return 0


def findings() -> Iterator[Finding]:
    """Everything that can be known, cheap things first, mail servers last."""
    yield from configuration()
    yield disk()
    yield web_port()
    database_found = database()
    yield database_found
    if not database_found.is_good:
        return
    keys_found = list(keys())
    yield from keys_found
    for mailbox in Mailbox.objects.filter(is_on=True).order_by("pk"):
        yield from connections_of(mailbox)


def configuration() -> Iterator[Finding]:
    """What Django's own checks find; settings that make no sense stop us before."""
    found = [each for each in checks.run_checks() if each.level >= checks.WARNING]
    for each in found:
        yield wrong("Configuration", str(each.msg), str(each.hint or ""))
    if not found:
        yield good("Configuration", f"People reach it at {_public_url()}.")


def disk() -> Finding:
    """Whether there is room where the data lives."""
    folder = settings.DATA_FOLDER
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    sentence = f"{free / 1e9:,.1f} GB are free where {settings.DATA_FOLDER} lies."
    if free >= LEAST_FREE_BYTES:
        return good("Disk", sentence)
    return wrong("Disk", sentence, "Make room before letters cannot be kept.")


def web_port() -> Finding:
    """Whether our port is free, or has Letterbox on it already."""
    try:
        run.require_free_port()
    except Mistake as mistake:
        if _is_letterbox(run.address()):
            return good("Web", f"Letterbox is running at {run.address()}.")
        return wrong("Web", str(mistake))
    return good("Web", f"{run.address()} is free for the web server.")


def database() -> Finding:
    """Which server it is, and whether its tables are those of this version."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0].split()[0]
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return wrong(
            "Database",
            f"It does not answer: {error}.",
            "See LETTERBOX_DATABASE_URL.",
        )
    if plan:
        return wrong(
            "Database",
            f"PostgreSQL {version} answers, but its tables are not those of this "
            "version of Letterbox.",
            "Run: letterbox migrate",
        )
    return good("Database", f"PostgreSQL {version}, tables up to date.")


def keys() -> Iterator[Finding]:
    """Whether there are keys, and whether they open every sealed password."""
    sealed = list(
        Connection.objects.exclude(sealed_password="")
        .select_related("mailbox")
        .order_by("mailbox", "protocol")
    )
    if not settings.SECRET_KEYS and not settings.KEY_FILE.exists():
        # Loading would make a new key, which opens nothing that is sealed.
        if not sealed:
            sentence = f"No key yet; the first password makes {settings.KEY_FILE}."
            yield good("Mailbox keys", sentence)
            return
        yield wrong(
            "Mailbox keys",
            f"{settings.KEY_FILE} is gone, and {len(sealed)} passwords are sealed "
            "with it.",
            "Put it back from your backup, or enter each password again.",
        )
        return
    try:
        opener = keyring()
    except crypto.SealError as error:
        yield wrong("Mailbox keys", str(error))
        return
    is_good = True
    for row in sealed:
        try:
            opener.open_sealed(row.sealed_password)
        except crypto.SealError as error:
            is_good = False
            yield wrong(f"{row.mailbox}, {row.protocol}", str(error))
    if is_good:
        sentence = f"They open all {len(sealed)} sealed passwords."
        yield good("Mailbox keys", sentence)


def connections_of(mailbox: Mailbox) -> Iterator[Finding]:
    """Talk to the servers of one mailbox; the first step that fails is told."""
    rows = {row.protocol: row for row in mailbox.connections.all()}
    for protocol in Connection.Protocol:
        subject = f"{mailbox}, {protocol.upper()}"
        row = rows.get(protocol)
        if row is None:
            yield wrong(
                subject,
                "There is no connection.",
                f"Add one under System, {mailbox}, Synchronization.",
            )
            continue
        try:
            report = _probe(row)
        except crypto.SealError as error:
            yield wrong(subject, str(error))
            continue
        bad = [line for line in report.lines if not line.is_good]
        if bad:
            for line in bad:
                # What a server or the system says may end without a full stop.
                sentence = f"{line.step}: {line.sentence.rstrip('.')}."
                yield wrong(subject, sentence, line.advice)
        else:
            yield good(subject, report.lines[-1].sentence)


def _probe(row: Connection) -> probe.Report:
    if row.protocol == Connection.Protocol.IMAP:
        return probe.check_receiving(row)
    return probe.check_sending(row)


def _public_url() -> str:
    return str(settings.PUBLIC_URL)


def _is_letterbox(address: str) -> bool:
    """Whether the program at our own address is another start of us."""
    try:
        with urllib.request.urlopen(  # noqa: S310 (an http address of this machine)
            f"{address}/account/login/", timeout=3
        ) as answer:
            return b"Letterbox" in answer.read(100_000)
    except (OSError, urllib.error.URLError, ValueError):
        return False
