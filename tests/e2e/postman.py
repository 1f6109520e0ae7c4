"""The SMTP server of the tests: takes every letter, and knows how often it took it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.product import free_port, wait_until


@dataclass
class Postman:
    """`taken` are the letters that were accepted: recipient and content."""

    port: int = field(default_factory=free_port)
    taken: list[tuple[str, Message]] = field(default_factory=list)

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Postman]:
        """Listen on loopback until the block ends."""
        postman = cls()
        controller = Controller(
            postman, hostname="127.0.0.1", port=postman.port, ready_timeout=20
        )
        controller.start()
        try:
            yield postman
        finally:
            controller.stop()

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Accept it."""
        content = envelope.original_content or b""
        for address in envelope.rcpt_tos:
            self.taken.append((address, message_from_bytes(content)))
        return "250 Thank you"

    def counts(self) -> Counter[str]:
        """How many letters each recipient has got."""
        return Counter(address for address, _ in self.taken)

    def wait_for(self, address: str, *, letters: int = 1, seconds: float = 20) -> None:
        """Wait until somebody has got so many letters."""
        wait_until(
            lambda: self.counts()[address] >= letters,
            f"{address} gets letter {letters}; taken so far: {self.counts()}",
            seconds=seconds,
        )

    def wait_for_some(self, letters: int, *, seconds: float = 30) -> None:
        """Wait until so many letters were taken, whosever they are."""
        wait_until(
            lambda: len(self.taken) >= letters,
            f"{letters} letters are taken, not only {len(self.taken)}",
            seconds=seconds,
        )

    def letters_to(self, address: str) -> list[Message]:
        """What somebody has got, oldest first."""
        return [letter for recipient, letter in self.taken if recipient == address]
