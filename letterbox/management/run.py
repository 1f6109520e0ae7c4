"""`letterbox run`: the product on one machine; supervises web, keeper and worker."""

from __future__ import annotations

import argparse
import logging
import socket
import sys

from django.conf import settings
from django.db import connections

from letterbox.management import migrate
from letterbox.management.cli import Mistake
from letterbox.management.supervisor import Child, supervise

logger = logging.getLogger(__name__)


def command(arguments: argparse.Namespace) -> int:
    """Migrate, then run until told to stop."""
    require_free_port()
    migrate.migrate()
    connections.close_all()
    say(f"Letterbox is at {address()} — press Ctrl-C to stop it.")
    return supervise(children(), stop_timeout=15)


def children() -> list[Child]:
    """The three processes; each can also run alone, on any host."""
    return [
        Child(
            name=name,
            argv=[sys.executable, "-m", "letterbox", name],
        )
        for name in ("web", "keeper", "worker")
    ]


def require_free_port() -> None:
    """Say so in one sentence when another program has our port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.WEB_HOST, settings.WEB_PORT))
        except OSError as error:
            raise Mistake(
                f"Port {settings.WEB_PORT} on {settings.WEB_HOST} cannot be used "
                f"({error.strerror}). Stop the program that has it, or choose another: "
                "LETTERBOX_WEB_PORT=8080."
            ) from error


def address() -> str:
    """Where a person on this machine reaches the product."""
    host = settings.WEB_HOST
    if host in {"0.0.0.0", "::"}:  # noqa: S104 (a question, not a binding)
        host = "127.0.0.1"
    return f"http://{host}:{settings.WEB_PORT}"


def say(sentence: str) -> None:
    """Speak to the person who started us."""
    print(sentence, flush=True)  # noqa: T201
