"""Find or start the database, and bring its contents to safety and back.

    provider    the database for a run: the one named, else one of our own
    throwaway   one for tests and the demo
    dump        backup and restore

    external    check the server that LETTERBOX_DATABASE_URL names
    cluster     make, start, see and stop a server of our own
    programs    where PostgreSQL's programs are
    account     whom they run as
    guard       start it again when it dies in use
    locks       who starts and who stops, among several processes
    errors      what can go wrong, as sentences

Knows no Django and no tables: what is stored is the business of others.
"""

from letterbox.postgres.dump import backup, is_empty, restore
from letterbox.postgres.errors import PostgresError
from letterbox.postgres.provider import provide
from letterbox.postgres.throwaway import temporary

__all__ = [
    "PostgresError",
    "backup",
    "is_empty",
    "provide",
    "restore",
    "temporary",
]
