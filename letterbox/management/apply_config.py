"""`letterbox apply-config FILE`: show what a file would change, ask, and make it so."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import yaml

from letterbox.management import migrate
from letterbox.management.cli import Mistake
from letterbox.management.run import say
from letterbox.services.configuration import applying


def command(arguments: argparse.Namespace) -> int:
    """Compare, say what differs, and apply when a person or `--yes` says so."""
    migrate.migrate()
    document = _read(arguments)
    try:
        plan = applying.plan(document)
        for difference in plan:
            say(str(difference))
        if not plan:
            say(
                "Nothing differs. Passwords that are named are stored again if changed."
            )
        if plan and not arguments.yes and not _agrees(len(plan)):
            say("Nothing was changed.")
            return 1
        applying.apply(document)
    except applying.ConfigurationInvalid as error:
        raise Mistake(f"{error} Nothing was changed.") from error
    say("The configuration is as the file says.")
    return 0


def _read(arguments: argparse.Namespace) -> Any:
    try:
        return yaml.safe_load(arguments.file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"{arguments.file} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        raise Mistake(f"{arguments.file} is not YAML: {error}") from error


def _agrees(count: int) -> bool:
    if not sys.stdin.isatty():
        say("Run it with --yes to make these changes.")
        return False
    return input(f"Make these {count} changes? [y/N] ").strip().lower() in {"y", "yes"}
