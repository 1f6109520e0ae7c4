"""Requests to servers that answer too slowly, too much, or from elsewhere."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from letterbox import http_client
from letterbox.http_client import Request


@contextmanager
def answering(*pieces: bytes, pause_seconds: float = 0.0) -> Iterator[str]:
    """A server that sends these pieces to whoever comes, then hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(10_000)
                    for piece in pieces:
                        connection.sendall(piece)
                        is_over.wait(pause_seconds)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        is_over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=10)


def test_an_answer_comes_back_whatever_its_status() -> None:
    with answering(b"HTTP/1.1 418 Teapot\r\nContent-Length: 3\r\n\r\ntea") as url:
        answer = http_client.send(Request(url, body=b"x"))

    assert (answer.status, answer.body, answer.is_good) == (418, b"tea", False)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Endless: "]
)
def test_a_server_that_drips_is_left_in_time(head: bytes) -> None:
    began = time.monotonic()
    with (
        answering(head, *[b"a"] * 100, pause_seconds=0.1) as url,
        pytest.raises(http_client.Unreachable),
    ):
        http_client.send(Request(url, timeout_seconds=0.5))

    assert time.monotonic() - began < 3


def test_more_than_we_read_is_refused() -> None:
    with (
        answering(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 5_000) as url,
        pytest.raises(http_client.Unreachable, match="more than we read"),
    ):
        http_client.send(Request(url, most_bytes=1_000))


def test_a_body_that_is_cut_off_is_no_answer() -> None:
    with (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") as url,
        pytest.raises(http_client.Unreachable),
    ):
        http_client.send(Request(url))


def test_what_is_no_http_is_no_answer() -> None:
    with (
        answering(b"* OK IMAP4rev1 ready\r\n") as url,
        pytest.raises(http_client.Unreachable),
    ):
        http_client.send(Request(url))


def test_nobody_is_led_to_a_plain_service_of_this_machine() -> None:
    with (
        answering(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:25/\r\n"
            b"Content-Length: 0\r\n\r\n"
        ) as url,
        pytest.raises(http_client.Forbidden),
    ):
        http_client.send(Request(url, redirects=2))


def test_a_redirection_is_an_answer_where_none_is_followed() -> None:
    with answering(
        b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
    ) as url:
        assert http_client.send(Request(url)).status == 302


@pytest.mark.parametrize(
    "url",
    [
        "http://id.acme.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://a b/",
        "https://x/\r\nX: y",
        "https://x:99999/",
        "",
    ],
)
def test_some_addresses_are_never_asked(url: str) -> None:
    with pytest.raises(http_client.Forbidden):
        http_client.send(Request(url))
