"""One thread that keeps one mailbox: connect, pass, wait for news, pass again.

    connecting ─► live (NOTIFY or IDLE) | polling ─► … until told to stop
        ▲  └─ backing off ◄── any trouble      needs attention ◄── refused login

Trouble with one mailbox stays in its thread.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from datetime import timedelta

from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone

from letterbox.imap import errors, sessions
from letterbox.imap.sessions import Session
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.models import Connection, Folder, Health, Mailbox
from letterbox.services import connections as mail_connections
from letterbox.sync import health, tree
from letterbox.sync.passes import Pass, Suspicious

logger = logging.getLogger(__name__)

# RFC 2177 allows 29 minutes; providers and firewalls cut much earlier.
IDLE_SECONDS = 240.0
POLL_SECONDS = 30.0
# Folders that IDLE does not watch are looked at this often.
LOOK_AROUND_SECONDS = 60.0
TREE_SECONDS = 600.0
FIRST_BACKOFF_SECONDS = 2.0
LONGEST_BACKOFF_SECONDS = 300.0
# Providers lock accounts that try a wrong password again and again.
REFUSED_BACKOFF_SECONDS = 900.0
THROTTLED_BACKOFF_SECONDS = 60.0
# A connection that lives as long as this has proved that the trouble is over.
STABLE_SECONDS = 300.0


class Watcher(threading.Thread):
    """Keeps one mailbox until told to stop."""

    def __init__(self, mailbox_id: int) -> None:
        super().__init__(name=f"mailbox-{mailbox_id}", daemon=True)
        self.mailbox_id = mailbox_id
        self._is_stopping = threading.Event()
        # Written to by other threads, watched by IDLE beside its socket.
        self._wake_read, self._wake_write = os.pipe()
        self._failures = 0

    def run(self) -> None:
        """Keep the mailbox through every trouble."""
        while not self._is_stopping.is_set():
            began = time.monotonic()
            try:
                self._keep()
                delay = 0.0
            except Exception as error:  # noqa: BLE001
                # This loop must outlive whatever a server or a row does to it.
                if time.monotonic() - began > STABLE_SECONDS:
                    self._failures = 0
                delay = self._report(error)
            finally:
                connections.close_all()
            self._is_stopping.wait(delay)
        os.close(self._wake_read)

    def stop(self) -> None:
        """End soon: between two chunks, or at once while waiting."""
        self._is_stopping.set()
        self.wake()

    def wake(self) -> None:
        """Look again now: settings have changed, or a person asked."""
        try:
            os.write(self._wake_write, b"!")
        except OSError:
            logger.debug("Mailbox %d is not being watched.", self.mailbox_id)

    @property
    def is_stopping(self) -> bool:
        """Whether it has been told to end."""
        return self._is_stopping.is_set()

    def _keep(self) -> None:
        """One connection, from greeting to trouble."""
        mailbox = Mailbox.objects.get(pk=self.mailbox_id)
        row = Connection.objects.get(mailbox=mailbox, protocol=Connection.Protocol.IMAP)
        health.report(self.mailbox_id, Health.State.CONNECTING, failures=self._failures)
        with sessions.connect(
            mail_connections.imap_server(row), tls=mail_connections.tls_context()
        ) as session:
            session.log_in(mail_connections.imap_login(row))
            _Round(self, mailbox, session).run()

    def _report(self, error: Exception) -> float:
        """Tell people what is wrong; returns how long to wait, in seconds."""
        self._failures += 1
        found = health.diagnose(error)
        if not isinstance(error, errors.ImapError):
            logger.error("Mailbox %d is in trouble.", self.mailbox_id, exc_info=error)
        else:
            logger.warning(
                "Mailbox %d is in trouble: %s", self.mailbox_id, type(error).__name__
            )
        if isinstance(error, errors.LoginRefused):
            delay = REFUSED_BACKOFF_SECONDS
        elif found.is_throttled:
            delay = max(THROTTLED_BACKOFF_SECONDS, self._backoff())
        else:
            delay = self._backoff()
        try:
            health.report(
                self.mailbox_id,
                Health.State.NEEDS_ATTENTION
                if found.is_lasting
                else Health.State.BACKING_OFF,
                cause=found.cause,
                cure=found.cure,
                next_attempt_at=timezone.now() + timedelta(seconds=delay),
                failures=self._failures,
            )
        except DatabaseError:
            # The database is the trouble; there is nowhere to write it.
            logger.warning("The health of mailbox %d is unwritten.", self.mailbox_id)
        return delay

    def _backoff(self) -> float:
        """Doubling with jitter, so that a thousand mailboxes do not knock together."""
        doubled = FIRST_BACKOFF_SECONDS * 2.0 ** min(self._failures - 1, 10)
        # Not for secrets: any spread will do.
        return min(LONGEST_BACKOFF_SECONDS, doubled) * random.uniform(0.5, 1.0)  # noqa: S311


class _Round:
    """Passes and waits on one open session."""

    def __init__(self, watcher: Watcher, mailbox: Mailbox, session: Session) -> None:
        self.watcher = watcher
        self.mailbox = mailbox
        self.session = session
        self.tree_read_at = 0.0
        self.looked_around_at = 0.0

    def run(self) -> None:
        names = sorted(self.session.capabilities.names)
        is_live = any(
            self.session.capabilities.has(name) for name in ("IDLE", "NOTIFY")
        )
        while not self.watcher.is_stopping:
            close_old_connections()
            self._read_tree()
            arrived = self._pass_over(self._ticked())
            self.looked_around_at = time.monotonic()
            health.note_pass(self.mailbox.pk, has_letters=arrived > 0)
            health.report(
                self.mailbox.pk,
                Health.State.LIVE if is_live else Health.State.POLLING,
                capabilities=names,
            )
            self.watcher._failures = min(self.watcher._failures, 1)
            self._wait_for_news()

    def _read_tree(self) -> None:
        if time.monotonic() - self.tree_read_at > TREE_SECONDS or not self.tree_read_at:
            tree.refresh(self.mailbox, self.session.list_folders())
            self.tree_read_at = time.monotonic()

    def _ticked(self) -> list[Folder]:
        """The folders to keep: the inbox first, then those with least trouble."""
        rows = Folder.objects.filter(
            mailbox=self.mailbox,
            is_ticked=True,
            is_selectable=True,
            gone_at__isnull=True,
        )
        return sorted(rows, key=lambda each: (each.role != Folder.Role.INBOX, each.pk))

    def _pass_over(self, folders: list[Folder]) -> int:
        arrived = 0
        for folder in folders:
            if self.watcher.is_stopping:
                break
            one_pass = Pass(
                self.session, folder, should_stop=lambda: self.watcher.is_stopping
            )
            try:
                outcome = one_pass.run()
            except (errors.Refused, Suspicious) as error:
                # One folder's trouble must not keep the others waiting.
                logger.warning("Folder %d is in trouble: %s", folder.pk, error)
                folder.problem = str(error)
                folder.failures += 1
                folder.save(update_fields=["problem", "failures"])
                continue
            arrived += outcome.arrived
        return arrived

    def _wait_for_news(self) -> None:
        """Sleep until the server, a person or the clock says that something is new."""
        wake = self.watcher._wake_read
        connections.close_all()
        if not self.session.capabilities.has("IDLE"):
            self.session.noop()
            self._sleep(POLL_SECONDS, wake)
            return
        inbox = next(
            (each for each in self._ticked() if each.role == Folder.Role.INBOX), None
        )
        others = len(self._ticked()) > 1
        self.session.examine(WireName(inbox.wire_name) if inbox else INBOX)
        connections.close_all()
        # Between the pass and this moment a letter may have come: EXISTS told us.
        if inbox and self._is_behind(inbox):
            return
        self.session.idle(LOOK_AROUND_SECONDS if others else IDLE_SECONDS, wake=wake)
        _drain(wake)

    def _is_behind(self, inbox: Folder) -> bool:
        opened = self.session.selected
        return bool(opened and opened.uid_next and opened.uid_next > inbox.next_uid)

    def _sleep(self, seconds: float, wake: int) -> None:
        import select  # noqa: PLC0415

        select.select([wake], [], [], seconds)
        _drain(wake)


def _drain(wake: int) -> None:
    os.set_blocking(wake, False)
    try:
        while os.read(wake, 1024):
            pass
    except BlockingIOError:
        pass
