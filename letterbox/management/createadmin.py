"""`letterbox createadmin EMAIL`: for who cannot use the first-run page, or is locked out."""

from __future__ import annotations

import argparse
import getpass
import sys

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from letterbox.management import migrate
from letterbox.management.cli import Mistake
from letterbox.management.run import say
from letterbox.services import people


def command(arguments: argparse.Namespace) -> int:
    """Ask for a password (or read one from standard input) and make the person."""
    migrate.migrate()
    try:
        validate_email(arguments.email)
        password = _ask_password()
        user = people.make_administrator(
            email=arguments.email, name=arguments.name, password=password
        )
    except ValidationError as error:
        raise Mistake(" ".join(error.messages)) from error
    say(f"{user.email} is an administrator now. Sign in at the usual address.")
    return 0


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Password again: "):
        raise Mistake("The two passwords differ. Nothing was changed.")
    return password
