"""`letterbox restore FILE`: load a backup, into an empty database unless told so."""

from __future__ import annotations

import argparse
import os

from letterbox.management import migrate
from letterbox.management.run import say
from letterbox.postgres import dump


def command(arguments: argparse.Namespace) -> int:
    """Load the file, then bring its tables up to date."""
    dump.restore(
        os.environ["LETTERBOX_DATABASE_URL"],
        arguments.file,
        overwrite=arguments.overwrite,
    )
    migrate.migrate()
    say(f"Restored from {arguments.file}.")
    return 0
