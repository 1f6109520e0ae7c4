"""One keeper process: takes leases on mailboxes and runs a watcher for each.

Any number of keepers may run, on as many hosts; each mailbox has one at a time.
"""

from __future__ import annotations

import json
import logging
import signal
import threading
import time
from types import FrameType

import psycopg
from django.db import DatabaseError, connection, connections

from letterbox import live
from letterbox.models import Connection, Health
from letterbox.sync import errands, health, leases, memory
from letterbox.sync.doorway import Doorway
from letterbox.sync.watcher import Watcher

logger = logging.getLogger(__name__)

RENEW_SECONDS = 2.0
MOST_MAILBOXES = 3_000
TIDY_SECONDS = 3_600.0
TRIM_SECONDS = 60.0
# What makes a keeper look again at once.
TOPICS = {"mailbox", "errand"}


class Keeper:
    """Keeps as many mailboxes as it can get."""

    def __init__(self, *, most: int = MOST_MAILBOXES) -> None:
        self.owner = leases.new_owner()
        self._most = most
        self._watchers: dict[int, Watcher] = {}
        self._doorway = Doorway()
        self._errands = errands.Errands()
        self._tidied_at = self._trimmed_at = time.monotonic()
        self._is_stopping = threading.Event()
        self._is_news = threading.Event()

    def run(self) -> None:
        """Keep mailboxes until told to stop."""
        listener = threading.Thread(target=self._listen, daemon=True)
        listener.start()
        self._errands.start()
        try:
            while not self._is_stopping.is_set():
                began = time.monotonic()
                try:
                    self._renew()
                except DatabaseError:
                    # Without the database the leases run out: nothing may be stored.
                    logger.warning("The database is away; mailboxes wait.")
                    connections.close_all()
                # However many mailboxes are being set up, half of the time is others'.
                self._is_stopping.wait(min(time.monotonic() - began, RENEW_SECONDS / 2))
                self._is_news.wait(RENEW_SECONDS)
                self._is_news.clear()
        finally:
            self._let_go()

    def stop(self, signal_number: int = 0, frame: FrameType | None = None) -> None:
        """End soon and let go of every mailbox."""
        self._is_stopping.set()
        self._is_news.set()

    def _renew(self) -> None:
        wanted = list(
            Connection.objects.filter(
                protocol=Connection.Protocol.IMAP, mailbox__is_on=True
            ).values_list("mailbox", flat=True)
        )
        kept = leases.claim(self.owner, wanted, most=self._most)
        for mailbox_id in set(self._watchers) - set(kept):
            self._watchers.pop(mailbox_id).stop()
            if mailbox_id not in wanted:
                leases.release(self.owner, [mailbox_id])
                health.report(mailbox_id, Health.State.OFF)
        for mailbox_id, fence in kept.items():
            watcher = self._watchers.get(mailbox_id)
            if watcher is not None and watcher.is_alive():
                # Lost and won again: what the watcher stores is under the new fence.
                watcher.hold.fence = fence
                continue
            hold = leases.Hold(mailbox_id, self.owner, fence)
            self._watchers[mailbox_id] = watcher = Watcher(hold, doorway=self._doorway)
            watcher.start()
        self._errands.keep(set(kept))
        self._tidy()

    def _tidy(self) -> None:
        """Forget what nobody will ask for, and give back what nobody needs."""
        if time.monotonic() - self._tidied_at > TIDY_SECONDS:
            self._tidied_at = time.monotonic()
            errands.forget_done()
            health.forget_old()
        if time.monotonic() - self._trimmed_at > TRIM_SECONDS:
            self._trimmed_at = time.monotonic()
            memory.give_back()

    def _let_go(self) -> None:
        for watcher in self._watchers.values():
            watcher.stop()
        self._doorway.look_again()
        self._errands.stop()
        for watcher in self._watchers.values():
            watcher.join(timeout=5)
        try:
            leases.release(self.owner)
        except DatabaseError:
            logger.warning(
                "The leases could not be returned; they expire by themselves."
            )

    def _listen(self) -> None:
        """Hear of changed mailboxes and new errands at once, not at the next round."""
        while not self._is_stopping.is_set():
            try:
                parameters = connection.get_connection_params()
                for name in ("cursor_factory", "context", "pool"):
                    parameters.pop(name, None)
                with psycopg.connect(**{**parameters, "autocommit": True}) as listener:
                    listener.execute(f"LISTEN {live.CHANNEL}")
                    while not self._is_stopping.is_set():
                        for notify in listener.notifies(timeout=5):
                            self._hear(notify.payload)
            except psycopg.Error:
                self._is_stopping.wait(2)

    def _hear(self, payload: str) -> None:
        notice = json.loads(payload)
        if notice["topic"] not in TOPICS:
            return
        if notice["topic"] == "errand":
            self._errands.look(notice["mailbox"])
            return
        watcher = self._watchers.get(notice["mailbox"])
        if watcher is not None:
            watcher.wake()
        self._is_news.set()


def main() -> None:
    """Run a keeper in this process until SIGTERM or Ctrl-C."""
    memory.be_frugal()
    keeper = Keeper()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, keeper.stop)
    logger.info("Keeper %s begins.", keeper.owner)
    keeper.run()
    logger.info("Keeper %s has let go.", keeper.owner)
