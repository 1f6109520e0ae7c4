"""`letterbox migrate`: bring the tables up to date; safe to repeat."""

from __future__ import annotations

import argparse

from django.core.management import call_command
from django.db import connection

from letterbox.services import system_templates

# Any number; the same in every process that migrates.
MIGRATION_LOCK = 7_241_337


def command(arguments: argparse.Namespace) -> int:
    """Migrate and say so."""
    migrate()
    return 0


def migrate() -> None:
    """Migrate, one process at a time: several hosts may start at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)
            system_templates.seed()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
