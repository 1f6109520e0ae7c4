"""Whatever dies in the middle: every letter once, every case once, no answer twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from letterbox import postgres
from letterbox.postgres import postmaster
from tests.e2e.office import Office
from tests.e2e.postman import Postman
from tests.product import Product, wait_until
from tests.wire.dovecot import Dovecot

LETTERS = 30
CUSTOMERS = [f"customer{number}@d{number}.example" for number in range(LETTERS)]

# Everything that came in, what grew from it, and what is still to be done.
RECEIVED = "SELECT count(*) FROM letterbox_message WHERE direction = 'in'"
PROCESSED = f"{RECEIVED} AND state = 'processed'"
CASES = "SELECT count(*) FROM letterbox_case"
SETTLED = """
    SELECT count(*) FROM letterbox_outgoingmail WHERE state IN ('sent', 'unsure')
"""
UNSURE = """
    SELECT recipients[1] FROM letterbox_outgoingmail WHERE state = 'unsure'
"""


def test_killed_processes_lose_no_letter_and_answer_none_twice(office: Office) -> None:
    thirds = CUSTOMERS[:10], CUSTOMERS[10:20], CUSTOMERS[20:]
    for name, customers in zip(("worker", "keeper", "web"), thirds, strict=True):
        _write(office, customers)
        office.postman.wait_for_some(len(office.postman.taken) + 2)
        office.product.kill(name)
    # It also dies in the middle of the pile that has come up since.
    office.product.kill("worker")
    unsure = _wait_until_settled(office)
    # Each kill may interrupt one handover, whose end nobody can know.
    assert len(unsure) <= 2
    wait_until(office.product.is_serving, "pages are served again")


def test_a_stop_in_the_middle_loses_nothing_and_leaves_no_doubt(
    office: Office,
) -> None:
    _write(office, CUSTOMERS[:20])
    office.postman.wait_for_some(2)
    assert office.product.stop() == 0, office.product.log
    # These come while nobody looks.
    _write(office, CUSTOMERS[20:])
    office.product.start()
    assert _wait_until_settled(office) == set()


@pytest.fixture
def own_server() -> Iterator[Path]:
    """The folder of a PostgreSQL that may be stopped: no other test uses it."""
    with tempfile.TemporaryDirectory(prefix="lb-own-") as folder:
        # The server may run as another user.
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_database_that_restarts_in_the_middle_costs_nothing(
    own_server: Path, dovecot: Dovecot, postman: Postman, login: str
) -> None:
    with (
        postgres.provide(database_url=None, data_folder=own_server) as url,
        Product.started(url) as product,
    ):
        office = Office.opened(product, dovecot, postman, login)
        _write(office, CUSTOMERS[:20])
        postman.wait_for_some(2)
        postmaster.stop(own_server / "postgres" / "data")
        _write(office, CUSTOMERS[20:])
        with postgres.provide(database_url=None, data_folder=own_server):
            unsure = _wait_until_settled(office)
            assert len(unsure) <= 1
            product.stop()


def _write(office: Office, customers: Sequence[str]) -> None:
    for customer in customers:
        office.write(customer, subject=f"A question from {customer}")


def _wait_until_settled(office: Office) -> set[str]:
    """Wait until everything is done, count it, and return whose answer is unsure."""
    for sql in (PROCESSED, CASES, SETTLED):
        wait_until(
            lambda sql=sql: office.number(sql) >= LETTERS,
            f"{LETTERS} rows: {sql}",
            lambda: office.product.log,
        )
    for sql in (RECEIVED, PROCESSED, CASES, SETTLED):
        assert office.number(sql) == LETTERS, sql
    unsure = {str(row[0]) for row in office.product.query(UNSURE)}
    taken = office.postman.counts()
    assert set(taken) <= set(CUSTOMERS)
    assert set(CUSTOMERS) - set(taken) <= unsure
    assert max(taken.values()) == 1, taken
    return unsure
