"""One thread that keeps one mailbox: connect, keep, and after trouble wait and again.

    connecting ─► live (NOTIFY or IDLE) | polling ─► … until told to stop
        ▲  └─ backing off ◄── any trouble      needs attention ◄── refused login

Trouble with one mailbox stays in its thread.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from datetime import timedelta
from functools import partial

from django.db import DatabaseError
from django.utils import timezone

from letterbox.imap import errors
from letterbox.imap.sessions import Session
from letterbox.models import Connection, Health, Mailbox
from letterbox.sync import health, opening, waking
from letterbox.sync.apart import apart
from letterbox.sync.backoff import Backoff
from letterbox.sync.doorway import Doorway
from letterbox.sync.leases import Hold, LeaseLost
from letterbox.sync.rounds import Round, SettingsChanged

logger = logging.getLogger(__name__)

Settings = tuple[object, ...]


class Watcher(threading.Thread):
    """Keeps one mailbox until told to stop, or until somebody else keeps it."""

    def __init__(self, hold: Hold, *, doorway: Doorway | None = None) -> None:
        super().__init__(name=f"mailbox-{hold.mailbox_id}", daemon=True)
        self.hold = hold
        self.mailbox_id = hold.mailbox_id
        self._doorway = doorway or Doorway()
        self._is_stopping = threading.Event()
        # Written to by other threads, watched by IDLE beside its socket.
        self._wake_read, self._wake_write = os.pipe()
        self._is_closed = False
        self._backoff = Backoff()
        self._settings: Settings = ()

    def run(self) -> None:
        """Keep the mailbox through every trouble."""
        while not self.is_stopping:
            began = time.monotonic()
            delay = 0.0
            try:
                self._keep()
            except SettingsChanged:
                logger.info("Mailbox %d has other settings now.", self.mailbox_id)
            except LeaseLost:
                logger.warning("Mailbox %d is kept elsewhere.", self.mailbox_id)
                break
            except Exception as error:  # noqa: BLE001
                # This loop must outlive whatever a server or a row does to it.
                lived = time.monotonic() - began
                delay = apart(partial(self._after, error, lived))
            self._rest(delay)
        self._close()

    def stop(self) -> None:
        """End soon: between two chunks, or at once while waiting."""
        self._is_stopping.set()
        self.wake()

    def wake(self) -> None:
        """Look again now: settings have changed, or a person asked."""
        if not self._is_closed:
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
        with self._doorway.passed(self._is_stopping.is_set) as has_begun:
            if self.is_stopping:
                return
            mailbox, session = apart(self._begin)
            with session:
                Round(
                    mailbox,
                    session,
                    self.hold,
                    is_stopping=self._is_stopping.is_set,
                    wake=self._wake_read,
                    check_settings=self._check_settings,
                    has_begun=has_begun,
                ).run()

    def _begin(self) -> tuple[Mailbox, Session]:
        mailbox = Mailbox.objects.get(pk=self.mailbox_id)
        health.report(
            self.mailbox_id,
            Health.State.CONNECTING,
            failures=self._backoff.failures,
        )
        return mailbox, self._connect()

    def _connect(self) -> Session:
        """A session, logged in; no database connection waits meanwhile."""
        row = self._connection()
        self._settings = _settings_of(row)
        return opening.open_session(row)

    def _connection(self) -> Connection:
        return Connection.objects.select_related("sign_in").get(
            mailbox=self.mailbox_id, protocol=Connection.Protocol.IMAP
        )

    def _check_settings(self) -> None:
        if not self.is_stopping and _settings_of(self._connection()) != self._settings:
            raise SettingsChanged

    def _after(self, error: Exception, lived_seconds: float) -> float:
        """Tell people what is wrong; returns how long to wait, in seconds."""
        found = health.diagnose(error)
        delay = self._backoff.after(
            lived_seconds=lived_seconds,
            is_refused=isinstance(error, errors.LoginRefused),
            is_throttled=found.is_throttled,
        )
        if isinstance(error, health.BudgetSpent):
            delay = error.wait.total_seconds()
        if isinstance(error, errors.ImapError | health.BudgetSpent | DatabaseError):
            logger.warning(
                "Mailbox %d is in trouble: %s", self.mailbox_id, type(error).__name__
            )
            if isinstance(error, DatabaseError):
                # What people need to know may find no room on the page.
                logger.error("%s %s", found.cause, found.cure)
        else:
            logger.error("Mailbox %d is in trouble.", self.mailbox_id, exc_info=error)
        try:
            health.report(
                self.mailbox_id,
                Health.State.NEEDS_ATTENTION
                if found.is_lasting
                else Health.State.BACKING_OFF,
                cause=found.cause,
                cure=found.cure,
                next_attempt_at=timezone.now() + timedelta(seconds=delay),
                failures=self._backoff.failures,
            )
        except DatabaseError:
            # The database is the trouble; there is nowhere to write it.
            logger.warning("The health of mailbox %d is unwritten.", self.mailbox_id)
        return delay

    def _rest(self, seconds: float) -> None:
        """Wait; other settings are tried at once, a mere wish to look is not."""
        until = time.monotonic() + seconds
        while not self.is_stopping and (left := until - time.monotonic()) > 0:
            select.select([self._wake_read], [], [], left)
            if not waking.drain(self._wake_read):
                continue
            try:
                apart(self._check_settings)
            except SettingsChanged:
                self._backoff.failures = 0
                return
            except (Connection.DoesNotExist, DatabaseError):
                logger.debug("Mailbox %d has no settings now.", self.mailbox_id)

    def _close(self) -> None:
        self._is_closed = True
        os.close(self._wake_read)
        os.close(self._wake_write)


def _settings_of(row: Connection) -> Settings:
    """What a connection is made from; the tokens of a sign-in change by themselves."""
    return (
        row.host,
        row.port,
        row.encryption,
        row.login,
        row.sealed_password,
        row.renewed_at,
        row.sign_in_id,
        row.sign_in and row.sign_in.connected_at,
    )
