"""`letterbox demo`: everything running, with a pretend mail server; gone at Ctrl-C."""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
import tempfile
import threading
from pathlib import Path

from letterbox import postgres
from letterbox.management.cli import configure_logging, start_django
from letterbox.management.supervisor import Child, supervise


def command(arguments: argparse.Namespace) -> int:
    """Build the world in a throw-away database, then run until told to stop."""
    configure_logging()
    with (
        tempfile.TemporaryDirectory(prefix="letterbox-demo-") as folder,
        postgres.temporary() as url,
    ):
        smtp_port, imap_port = _free_ports()
        _prepare_environment(url, Path(folder), smtp_port, imap_port)
        start_django()
        return _run(smtp_port, imap_port)


def _prepare_environment(
    url: str, folder: Path, smtp_port: int, imap_port: int
) -> None:
    os.environ.pop("LETTERBOX_DATABASE_URL_FILE", None)
    os.environ |= {
        "LETTERBOX_DATABASE_URL": url,
        "LETTERBOX_DATA": str(folder),
        "LETTERBOX_SECRET_KEY": secrets.token_urlsafe(48),
        "LETTERBOX_DEMO": "yes",
        "LETTERBOX_DEMO_SMTP_PORT": str(smtp_port),
        "LETTERBOX_DEMO_IMAP_PORT": str(imap_port),
        "LETTERBOX_LOG_LEVEL": os.environ.get("LETTERBOX_LOG_LEVEL", "WARNING"),
    }


def _run(smtp_port: int, imap_port: int) -> int:
    # These need Django, whose settings could not load before the database was known.
    from django.db import connections  # noqa: PLC0415

    from letterbox.demo import world  # noqa: PLC0415
    from letterbox.management import migrate, run  # noqa: PLC0415

    run.require_free_port()
    migrate.migrate()
    mail_server = Child(
        name="mail server",
        argv=[
            sys.executable,
            "-m",
            "letterbox.demo.server",
            str(smtp_port),
            str(imap_port),
        ],
    )

    def begin() -> None:
        world.wait_for_server(smtp_port)
        world.build_world(smtp_port=smtp_port, imap_port=imap_port)
        world.send_samples(smtp_port=smtp_port)
        connections.close_all()
        run.say(_welcome(run.address()))

    # The supervisor needs the main thread for its signals.
    threading.Thread(target=begin, daemon=True).start()
    return supervise([mail_server, *run.children()], stop_timeout=8)


def _welcome(address: str) -> str:
    from letterbox.demo.accounts import PEOPLE, SIGN_IN_PASSWORD  # noqa: PLC0415

    people = "\n".join(
        f"    {person.email:<22} {person.name} ({person.role.lower()})"
        for person in PEOPLE
    )
    return (
        f"\nLetterbox is at {address}\n\n"
        f"  Sign in as\n{people}\n"
        f"  with the password: {SIGN_IN_PASSWORD}\n\n"
        f"  Write as a customer: {address}/demo\n\n"
        "Everything is in memory and gone when you press Ctrl-C.\n"
    )


def _free_ports() -> tuple[int, int]:
    """Two ports that nobody uses at this moment."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
