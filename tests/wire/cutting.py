"""A wire that breaks: passes bytes between us and a server, up to a chosen one."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

HOST = "127.0.0.1"
NEVER = 1 << 62


class Wire:
    """Listens on `port`; every connection breaks after `cut_after` bytes of answers.

    Or after `mute_after` bytes of what we say, which the server still has all of.
    `passed` and `said` count the bytes of the last connection. `at_the_cut` is called
    once, before the connection breaks; `hear` with what we say and `see` with what the
    server answers, before it is passed on.
    """

    def __init__(self, target_port: int) -> None:
        self.cut_after = NEVER
        self.mute_after = NEVER
        self.passed = 0
        self.said = 0
        self.at_the_cut: Callable[[], None] = lambda: None
        self.hear: Callable[[bytes], None] = lambda _: None
        self.see: Callable[[bytes], None] = lambda _: None
        self._target_port = target_port
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @classmethod
    @contextmanager
    def to(cls, target_port: int) -> Iterator[Wire]:
        """Lay a wire until the block ends."""
        wire = cls(target_port)
        try:
            yield wire
        finally:
            with suppress(OSError):
                wire._listener.shutdown(socket.SHUT_RDWR)
            wire._listener.close()
            wire._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection((HOST, self._target_port))
            with near, far, suppress(OSError):
                self._pass_on(near, far)

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        self.passed = self.said = 0
        while True:
            ready, _, _ = select.select([near, far], [], [])
            if near in ready:
                data = near.recv(65_536)[: self.mute_after - self.said]
                if not data:
                    return
                self.hear(data)
                far.sendall(data)
                self.said += len(data)
                if self.said >= self.mute_after:
                    near.shutdown(socket.SHUT_RDWR)
                    _wait_for_the_end(far)
                    return
            if far in ready:
                data = far.recv(65_536)[: self.cut_after - self.passed]
                self.see(data)
                near.sendall(data)
                self.passed += len(data)
                if not data or self.passed >= self.cut_after:
                    self.at_the_cut()
                    return


def _wait_for_the_end(far: socket.socket) -> None:
    """Let the server do what it was told, and hang up by itself."""
    far.settimeout(10)
    far.shutdown(socket.SHUT_WR)
    while far.recv(65_536):
        pass
