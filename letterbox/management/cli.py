"""`letterbox`: the one entry for people who run the product.

Reads the command line, provides the database, hands over. An error that a person can
mend is one sentence and exit code 1; a traceback is a bug of ours.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from letterbox import postgres

Command = Callable[[argparse.Namespace], int]


class Mistake(Exception):
    """Something the person at the keyboard can mend; the text says how."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    arguments = _parser().parse_args(argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "letterbox.settings")
    try:
        code = _run(arguments)
    except KeyboardInterrupt:
        code = 130
    except (Mistake, postgres.PostgresError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        code = 1
    sys.exit(code)


def _run(arguments: argparse.Namespace) -> int:
    command: Command = _load(arguments.module)
    if arguments.provides_own_database:
        return command(arguments)
    with postgres.provide(
        database_url=database_url(), data_folder=data_folder(), is_guarded=True
    ) as url:
        os.environ["LETTERBOX_DATABASE_URL"] = url
        os.environ.pop("LETTERBOX_DATABASE_URL_FILE", None)
        start_django()
        return command(arguments)


def data_folder() -> Path:
    """The folder that holds the database, the keys and nothing else."""
    return Path(os.environ.get("LETTERBOX_DATA", "data")).expanduser().resolve()


def database_url() -> str | None:
    """What LETTERBOX_DATABASE_URL, or the file it names, says."""
    file = os.environ.get("LETTERBOX_DATABASE_URL_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Mistake(
                f"LETTERBOX_DATABASE_URL_FILE names {file}, which cannot be read: "
                f"{error.strerror}."
            ) from error
    return os.environ.get("LETTERBOX_DATABASE_URL")


def start_django() -> None:
    """Load settings and models; the address of the database must be known."""
    import django  # noqa: PLC0415 (settings may only load once the database is known)
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise Mistake(str(error)) from error


def _load(module: str) -> Command:
    """Import the module of one command; each brings only what it needs."""
    from importlib import import_module  # noqa: PLC0415

    def command(arguments: argparse.Namespace) -> int:
        result: int = import_module(f"letterbox.management.{module}").command(arguments)
        return result

    return command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="letterbox",
        description="Shared mailboxes that a company answers together.",
    )
    parser.set_defaults(provides_own_database=False)
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")

    def add(name: str, module: str, help_text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.set_defaults(module=module)
        return command

    add("run", "run", "Run everything on this machine: web, keeper and worker.")
    add("web", "web", "Run the web server alone.")
    add("keeper", "keeper", "Keep mailboxes in sync; as many as you like may run.")
    add("worker", "worker", "Process and send mail; as many as you like may run.")
    demo = add("demo", "demo", "Run everything, with a pretend mail server to try.")
    demo.set_defaults(provides_own_database=True)
    add("check", "check", "Check the configuration and every connection.")
    add("migrate", "migrate", "Bring the database tables up to date.")
    admin = add("createadmin", "createadmin", "Make an administrator.")
    admin.add_argument("email")
    admin.add_argument("--name", default="")
    backup = add("backup", "backup", "Save the whole database to a file.")
    backup.add_argument("file", type=Path)
    restore = add("restore", "restore", "Load a backup into an empty database.")
    restore.add_argument("file", type=Path)
    restore.add_argument(
        "--overwrite", action="store_true", help="replace what the database holds"
    )
    importing = add(
        "import", "import_mail", "Take old letters in from mbox, Maildir or .eml files."
    )
    importing.add_argument("mailbox", help="address or label")
    importing.add_argument("path", type=Path, help="a file or a folder")
    importing.add_argument("--folder", default="", help="what to call them here")
    exporting = add(
        "export-config", "export_config", "Write the configuration as YAML."
    )
    exporting.add_argument("file", type=Path, nargs="?")
    applying = add(
        "apply-config", "apply_config", "Make the configuration what a file says."
    )
    applying.add_argument("file", type=Path)
    applying.add_argument(
        "--yes", action="store_true", help="do not ask before changing anything"
    )
    manage = add("manage", "manage", "Run a command of Django, for developers.")
    manage.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def configure_logging() -> None:
    """One line per fact on standard error, for commands that run without Django."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
