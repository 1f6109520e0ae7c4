"""Fixtures for all tests: named people, their mailbox, letters that arrive."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pytest
import pytest_socket

from letterbox.inbound import pipeline, receive
from letterbox.models import Folder, Grant, Mailbox, Message, Placement, User
from tests import fault_table, people

# A test for root alone has nothing to say to others, whatever is installed.
MAY_SKIP = "only root"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Where servers are required, a test that skips for want of one has failed."""
    report = yield
    is_required = os.environ.get("LETTERBOX_REQUIRE_SERVERS") == "1"
    if report.skipped and is_required and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if MAY_SKIP not in reason:
            report.outcome = "failed"
            report.longrepr = f"Nothing may skip here: {reason}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was broken on purpose, how often, and what was counted after it."""
    lines = [
        line
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for line in fault_table.lines_of(report.user_properties)
    ]
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(line)


class NoteFault(Protocol):
    """Notes a line of the table of faults."""

    def __call__(self, fault: str, **figures: int) -> None:
        """What was done, how often, and what was counted after it."""


@pytest.fixture
def note_fault(record_property: Callable[[str, object], None]) -> NoteFault:
    """Notes a line for the table of faults at the end of the run."""

    def note(fault: str, **figures: int) -> None:
        record_property(fault_table.PROPERTY, fault_table.as_text(fault, figures))

    return note


@pytest.fixture(autouse=True)
def sockets() -> Iterator[None]:
    """Block the network; `tests/wire` and `tests/e2e` override this by its name."""
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    """support@acme.example, reachable by IMAP and SMTP; it does nothing by itself."""
    return people.make_mailbox("Support")


@pytest.fixture
def sales(db: None) -> Mailbox:
    """A second mailbox, sales@acme.example, where Mallory works."""
    return people.make_mailbox("Sales")


@pytest.fixture
def alice(mailbox: Mailbox) -> User:
    """She answers in the mailbox."""
    person = people.make("Alice", password=people.PASSWORD)
    people.allow(mailbox, person, Grant.Ability.REPLY)
    return person


@pytest.fixture
def rita(mailbox: Mailbox) -> User:
    """She reads in the mailbox."""
    person = people.make("Rita", password=people.PASSWORD)
    people.allow(mailbox, person, Grant.Ability.READ)
    return person


@pytest.fixture
def max_(mailbox: Mailbox) -> User:
    """Max manages the mailbox and administers everything."""
    person = people.make_administrator("Max", password=people.PASSWORD)
    people.allow(mailbox, person, Grant.Ability.MANAGE)
    return person


@pytest.fixture
def mallory(sales: Mailbox) -> User:
    """He is elsewhere: he manages sales@ and has no part in support@."""
    person = people.make("Mallory", password=people.PASSWORD)
    people.allow(sales, person, Grant.Ability.MANAGE)
    return person


@pytest.fixture
def folder(mailbox: Mailbox) -> Folder:
    """The ticked inbox of the mailbox; all of its letters are live."""
    return people.make_folder(mailbox)


@dataclass(frozen=True)
class Arrive:
    """Lets letters arrive as a keeper does, and processes them as a worker does."""

    folder: Folder

    def __call__(
        self,
        raw: bytes,
        *,
        folder: Folder | None = None,
        received_at: datetime | None = None,
        is_history: bool = False,
        flags: tuple[str, ...] = (),
        is_processed: bool = True,
    ) -> Message:
        """The message as the tables hold it afterwards.

        A copy of a letter of ours gives the message that it joined.
        """
        folder = Folder.objects.get(pk=(folder or self.folder).pk)
        uid = folder.next_uid
        receive.receive(
            folder,
            [receive.Arrival(uid, raw, internal_date=received_at, flags=flags)],
            uid_validity=people.UID_VALIDITY,
            cursor=receive.Cursor(next_uid=uid + 1),
            is_history=is_history,
        )
        if is_processed:
            pipeline.process_mailbox(folder.mailbox_id)
        place = Placement.objects.select_related("message").get(
            folder=folder, uid_validity=people.UID_VALIDITY, uid=uid
        )
        assert place.message is not None
        return place.message


@pytest.fixture
def arrive(folder: Folder) -> Arrive:
    """`arrive(mail(subject="Hello"))` brings a letter into the inbox."""
    return Arrive(folder)
