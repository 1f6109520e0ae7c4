"""`letterbox export-config [FILE]`: the whole configuration as YAML, without secrets."""

from __future__ import annotations

import argparse

import yaml

from letterbox.management import migrate
from letterbox.management.cli import Mistake
from letterbox.management.run import say
from letterbox.services.configuration import exporting


def command(arguments: argparse.Namespace) -> int:
    """Write it to the file, or to standard output."""
    migrate.migrate()
    text = yaml.safe_dump(
        exporting.document(), allow_unicode=True, sort_keys=False, width=88
    )
    if arguments.file is None:
        say(text.rstrip("\n"))
        return 0
    try:
        arguments.file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Mistake(
            f"{arguments.file} cannot be written: {error.strerror}."
        ) from error
    say(f"The configuration is in {arguments.file}.")
    return 0
