"""The wire of the bench that is far away: everything arrives, in order, and later."""

from __future__ import annotations

import os
import socket
import threading
import time

from bench.slow_wire import HOST, slow_wire

ROUND_TRIP_SECONDS = 0.1


def test_what_goes_over_a_slow_wire_comes_back_whole_and_a_round_trip_later() -> None:
    sent = os.urandom(3_000_000)
    with socket.create_server((HOST, 0)) as listener:
        echo = threading.Thread(target=_echo, args=(listener,))
        echo.start()
        port = listener.getsockname()[1]
        with (
            slow_wire(port, round_trip_seconds=ROUND_TRIP_SECONDS) as wire,
            socket.create_connection((HOST, wire), timeout=30) as near,
        ):
            began = time.monotonic()
            near.sendall(b"!")
            assert near.recv(1) == b"!"
            seconds = time.monotonic() - began
            near.sendall(sent)
            near.shutdown(socket.SHUT_WR)
            came = b"".join(iter(lambda: near.recv(1 << 16), b""))
        echo.join(timeout=30)

    assert seconds >= ROUND_TRIP_SECONDS
    assert came == sent


def _echo(listener: socket.socket) -> None:
    far, _ = listener.accept()
    with far:
        said = bytearray()
        while data := far.recv(1 << 16):
            if len(data) == 1 and not said:
                far.sendall(data)
                continue
            said += data
        far.sendall(bytes(said))
