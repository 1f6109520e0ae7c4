"""`letterbox backup FILE`: the whole database in pg_dump's format."""

from __future__ import annotations

import argparse
import os

from letterbox.management.run import say
from letterbox.postgres import dump


def command(arguments: argparse.Namespace) -> int:
    """Write the file; the mailbox key is kept apart and not in it."""
    dump.backup(os.environ["LETTERBOX_DATABASE_URL"], arguments.file)
    say(
        f"Saved to {arguments.file}. Keep the mailbox key as well: without it the "
        "mailbox passwords inside cannot be opened."
    )
    return 0
