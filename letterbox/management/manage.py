"""`letterbox manage …`: Django's own commands, with our database provided."""

from __future__ import annotations

import argparse

from django.core.management import execute_from_command_line


def command(arguments: argparse.Namespace) -> int:
    """Hand the rest of the command line to Django."""
    execute_from_command_line(["letterbox manage", *arguments.arguments])
    return 0
