"""The socket under a conversation: connect, TLS, compression, timeouts, waiting.

Encryption is what the caller asked for or an error, never less. Foreign exceptions
end here: what leaves this module is an `ImapError`. Knows nothing of IMAP itself.
"""

import select
import socket
import ssl
import time
import zlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from letterbox.imap.errors import (
    CertificateRefused,
    ConnectionLost,
    ConnectTimedOut,
    EncryptionFailed,
    Garbled,
    HostUnknown,
    PortClosed,
    SessionClosed,
    TimedOut,
)

_RECEIVE_BYTES = 1 << 16
_SEND_BYTES = 1 << 16
_INFLATE_BYTES = 1 << 20


class Encryption(StrEnum):
    """How to talk to a server; the plain kind only for those who ask for it."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, how long it may take to answer the door and be silent."""

    host: str
    port: int
    encryption: Encryption = Encryption.TLS
    timeout_seconds: float = 60.0
    connect_seconds: float = 15.0


@cache
def trusted_by_system() -> ssl.SSLContext:
    """Return the TLS settings for servers with a public certificate.

    Built once, since reading all authorities takes 20 ms.
    """
    return ssl.create_default_context()


class Transport:
    """Bytes to and from one server."""

    def __init__(self, server: Server, tls: ssl.SSLContext | None = None) -> None:
        """Connect; raises CannotConnect in one of its kinds."""
        self._server = server
        self._tls = tls
        self._inflate: zlib._Decompress | None = None
        self._deflate: zlib._Compress | None = None
        self._leftover = b""
        self._is_open = True
        self._timeout = server.connect_seconds
        self._socket: socket.socket = _connected(server)
        self.bytes_received = 0
        self.bytes_sent = 0
        if server.encryption is Encryption.TLS:
            self.start_tls()

    @property
    def timeout_seconds(self) -> float:
        """How long the server may be silent."""
        return self._server.timeout_seconds

    @property
    def is_open(self) -> bool:
        """Whether bytes can still be exchanged."""
        return self._is_open

    def fileno(self) -> int:
        """Return the descriptor to wait on; ask `has_bytes` first."""
        return self._socket.fileno()

    @property
    def has_bytes(self) -> bool:
        """Whether bytes wait on our side of the socket."""
        pending = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
        return bool(pending or self._leftover)

    def start_tls(self) -> None:
        """Encrypt from here on; raises EncryptionFailed."""
        context = self._tls or trusted_by_system()
        self._set_timeout(self._server.connect_seconds)
        try:
            self._socket = context.wrap_socket(
                self._socket, server_hostname=self._server.host
            )
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise CertificateRefused(
                "The server's certificate is not to be trusted:", error.verify_message
            ) from error
        except TimeoutError as error:
            self.close()
            raise ConnectTimedOut(
                "The server did not agree on encryption in time."
            ) from error
        except (OSError, ValueError) as error:
            self.close()
            raise EncryptionFailed(
                "No encryption could be agreed with the server:", _words(error)
            ) from error

    def start_compression(self) -> None:
        """Compress from here on, both ways (RFC 4978)."""
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)

    def send(self, data: bytes) -> None:
        """Send all of it; raises ConnectionLost."""
        if self._deflate is not None:
            data = self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self._require_open()
        try:
            self._set_timeout(self._server.timeout_seconds)
            # In pieces, since the timeout is for one call and not for one byte.
            for start in range(0, len(data), _SEND_BYTES):
                self._socket.sendall(data[start : start + _SEND_BYTES])
        except TimeoutError as error:
            self.close()
            raise TimedOut("The server stopped taking what we sent.") from error
        except OSError as error:
            self.close()
            raise ConnectionLost("The connection broke:", _words(error)) from error
        self.bytes_sent += len(data)

    def receive(self, deadline: float) -> bytes:
        """Return at least one byte; raises ConnectionLost.

        `deadline` is on the clock of `time.monotonic`; the server's own timeout
        holds as well.
        """
        self._require_open()
        while True:
            data = self._read_inflated() if self._inflate else self._read(deadline)
            if data:
                return data
            if self._inflate:
                self._leftover += self._read(deadline)

    def receive_waiting(self) -> bytes:
        """Return what is here already, perhaps nothing; raises ConnectionLost.

        A readable socket may hold half a TLS record or none for us, and to wait for
        its rest would be to wait for the next letter.
        """
        self._require_open()
        data = self._read_inflated()
        if data:
            return data
        try:
            self._set_timeout(0.0)
            data = self._receive_raw()
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        if self._inflate is None:
            return data
        self._leftover += data
        return self._read_inflated()

    def wait(self, seconds: float, wake: int | None = None) -> bool:
        """Wait until bytes can be received; False if time is up or `wake` is readable.

        `wake` is a descriptor by which another thread ends the waiting.
        """
        self._require_open()
        if self.has_bytes:
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if wake is not None:
            poll.register(wake, select.POLLIN)
        ready = poll.poll(max(0.0, seconds) * 1000)
        return any(descriptor == self._socket.fileno() for descriptor, _ in ready)

    def close(self) -> None:
        """Drop the connection without a word; harmless when repeated."""
        self._is_open = False
        self._leftover = b""
        self._socket.close()

    def _read(self, deadline: float) -> bytes:
        timeout = min(self._server.timeout_seconds, deadline - time.monotonic())
        try:
            if timeout <= 0:
                raise TimeoutError  # noqa: TRY301
            self._set_timeout(timeout)
            return self._receive_raw()
        except TimeoutError as error:
            self.close()
            raise TimedOut("The server did not answer in time.") from error

    def _receive_raw(self) -> bytes:
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            raise
        except OSError as error:
            self.close()
            raise ConnectionLost("The connection broke:", _words(error)) from error
        if not data:
            self.close()
            raise ConnectionLost("The server hung up.")
        self.bytes_received += len(data)
        return data

    def _read_inflated(self) -> bytes:
        if self._inflate is None or not self._leftover:
            return b""
        try:
            # Never more than so much at once, whatever a few bytes unfold to.
            data = self._inflate.decompress(self._leftover, _INFLATE_BYTES)
        except zlib.error as error:
            self.close()
            raise Garbled("The server's compressed bytes cannot be read.") from error
        self._leftover = self._inflate.unconsumed_tail
        return data

    def _set_timeout(self, seconds: float) -> None:
        # A call into the kernel less per letter.
        if seconds != self._timeout:
            self._socket.settimeout(seconds)
            self._timeout = seconds

    def _require_open(self) -> None:
        if not self._is_open:
            raise SessionClosed("This session is over; open a new one.")


def _connected(server: Server) -> socket.socket:
    try:
        connection = socket.create_connection(
            (server.host, server.port), timeout=server.connect_seconds
        )
    except (socket.gaierror, UnicodeError) as error:
        raise HostUnknown(
            f"No server is known by the name {server.host}.", _words(error)
        ) from error
    except TimeoutError as error:
        raise ConnectTimedOut(
            f"{server.host} did not answer on port {server.port}."
        ) from error
    except (OSError, OverflowError) as error:
        raise PortClosed(
            f"Nobody answers at {server.host} on port {server.port}:", _words(error)
        ) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
