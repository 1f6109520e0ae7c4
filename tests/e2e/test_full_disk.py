"""No room left, for the database or its log: said plainly, nothing lost, goes on."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from letterbox import postgres
from tests.conftest import NoteFault
from tests.e2e.office import Office
from tests.e2e.postman import Postman
from tests.mail import mail
from tests.product import Product, wait_until
from tests.wire.dovecot import Dovecot

PROCESSED = """
    SELECT count(*) FROM letterbox_message WHERE direction = 'in' AND state = 'processed'
"""
STORED = "SELECT count(*) FROM letterbox_message WHERE direction = 'in'"
CASES = "SELECT count(*) FROM letterbox_case"
ANSWERS = (
    "SELECT count(*) FROM letterbox_outgoingmail WHERE state IN ('sent', 'unsure')"
)
IS_FULL = "SELECT count(*) FROM letterbox_health WHERE cause LIKE '%disk%is full%'"
SENTENCE = "The disk of the database is full."
LETTERS = 24


@dataclass
class TightPlace:
    """A file system of its own, which is small until it is made larger."""

    folder: Path

    @classmethod
    @contextmanager
    def mounted(cls, megabytes: int) -> Iterator[TightPlace]:
        if os.geteuid() != 0:
            pytest.skip("only root may mount a small disk")
        folder = Path(tempfile.mkdtemp(prefix="lb-tight-"))
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755"]
        said = subprocess.run([*command, "none", str(folder)], capture_output=True)
        if said.returncode != 0:
            folder.rmdir()
            pytest.skip("only root outside of a container may mount a small disk")
        try:
            yield cls(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
            folder.rmdir()

    def enlarge(self, megabytes: int) -> None:
        subprocess.run(
            ["mount", "-o", f"remount,size={megabytes}m", str(self.folder)], check=True
        )


@pytest.fixture
def own_data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lb-full-") as folder:
        # The server may run as another user.
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.timeout(900)
def test_tables_without_room_keep_letters_on_their_server(
    own_data: Path,
    dovecot: Dovecot,
    postman: Postman,
    login: str,
    note_fault: NoteFault,
) -> None:
    with (
        TightPlace.mounted(megabytes=40) as place,
        postgres.provide(database_url=None, data_folder=own_data) as url,
    ):
        tables = place.folder / "tables"
        tables.mkdir(mode=0o700)
        owner = (own_data / "postgres" / "data").stat()
        os.chown(tables, owner.st_uid, owner.st_gid)
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"CREATE TABLESPACE tight LOCATION '{tables}'".encode())
            admin.execute("ALTER SYSTEM SET default_tablespace = 'tight'")
            admin.execute("SELECT pg_reload_conf()")
        with Product.started(url) as product:
            office = Office.opened(product, dovecot, postman, login)
            for number in range(LETTERS):
                _write_large(office, number)
            wait_until(
                lambda: office.number(IS_FULL) > 0 or SENTENCE in product.log,
                "the full disk is told of",
                lambda: product.log[-4000:],
            )
            stored = office.number(STORED)
            assert stored < LETTERS

            place.enlarge(400)

            _wait_until_all_is_done(office)
            said_on_the_page = office.number(
                "SELECT count(*) FROM letterbox_healthevent"
                " WHERE cause LIKE '%disk%is full%'"
            )
    note_fault(
        "disk full, tables",
        letters=LETTERS,
        **{"stored before": stored, "said on the page": said_on_the_page},
        missing=0,
        cases=LETTERS,
        answers=LETTERS,
    )


@pytest.mark.timeout(900)
def test_a_database_folder_without_room_costs_nothing(
    dovecot: Dovecot, postman: Postman, login: str, note_fault: NoteFault
) -> None:
    """The log of the database finds no room either: PostgreSQL itself gives up."""
    with (
        TightPlace.mounted(megabytes=105) as place,
        postgres.provide(
            database_url=None, data_folder=place.folder, is_guarded=True
        ) as url,
        Product.started(url) as product,
    ):
        office = Office.opened(product, dovecot, postman, login)
        for number in range(LETTERS):
            _write_large(office, number)
        wait_until(
            lambda: "is full" in product.log or "is away" in product.log,
            "the trouble is told of",
            lambda: product.log[-4000:],
        )
        place.enlarge(500)

        _wait_until_all_is_done(office)
    note_fault("disk full, database", letters=LETTERS, missing=0, cases=LETTERS)


def _write_large(office: Office, number: int) -> None:
    """A letter of 2.7 MB that cannot be packed any smaller."""
    customer = f"customer{number}@d{number}.example"
    raw = mail(
        from_=f"Customer {number} <{customer}>",
        subject=f"A question {number}",
        attachments=[("noise.bin", "application/octet-stream", os.urandom(2_000_000))],
    )
    office.dovecot.deliver(office.login, raw, sender=customer)


def _wait_until_all_is_done(office: Office) -> None:
    def count(sql: str) -> int:
        try:
            return office.number(sql)
        except psycopg.OperationalError:
            return -1

    for sql in (PROCESSED, CASES, ANSWERS):
        wait_until(
            lambda sql=sql: count(sql) == LETTERS,
            f"{LETTERS} rows: {sql}",
            lambda sql=sql: f"{count(sql)} rows\n{office.product.log[-8000:]}",
            seconds=200,
        )
    assert count(STORED) == (LETTERS)
    taken = office.postman.counts()
    assert max(taken.values()) == 1, taken
    assert len(taken) == LETTERS
