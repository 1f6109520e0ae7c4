"""First sync of a big folder: letters per second from Dovecot to searchable rows.

Beside it, in the same run and from the same Dovecot, isync's `mbsync` copies the same
folder to a Maildir: it neither parses, threads nor indexes. The ratio is our letters
per second over its; more is better. `offlineimap`, which is far slower, copies a tenth
of the letters. All of them write as safely as they do when nobody tells them otherwise.
Where the time went is told in CPU seconds: the processes work side by side, and what
one waits another works.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg

from bench import mailboxes
from bench.durable import wait_for_the_disk
from bench.letters import BIG, letters
from bench.peers import MBSYNC, OFFLINEIMAP
from bench.processes import Meter, Process, processes
from bench.result import CannotRun, Options, Result
from letterbox import postgres
from tests.product import Product, wait_until
from tests.wire import dovecot as dovecots
from tests.wire.dovecot import Dovecot

NAME = "first-sync"
LETTERS = 20_000
LOGIN = "support"
LOGIN_OF_SOME = "some"
PATIENCE_SECONDS = 900.0

# Asked all the time, so it must cost nothing: to count would be to read whole tables.
DONE = """
    SELECT EXISTS (SELECT FROM letterbox_folder
                   WHERE is_ticked AND last_pass_at IS NOT NULL AND NOT is_backfilling)
       AND NOT EXISTS (SELECT FROM letterbox_message
                       WHERE state = 'received' AND is_history
                         AND mailbox_id = (SELECT min(id) FROM letterbox_mailbox))
"""
COUNT = "SELECT count(*) FROM letterbox_message WHERE state = 'processed'"


def run(options: Options) -> Result:
    """Fill a folder, let both copy it, and compare."""
    if dovecots.version() is None:
        raise CannotRun(dovecots.HOW_TO_GET)
    count = options.scaled(LETTERS, least=200)
    with Dovecot.started() as dovecot:
        dovecot.add_user(LOGIN, "secret")
        size = _fill(dovecot, count, options.seed)
        peer_seconds = MBSYNC.seconds_to_copy(
            port=dovecot.imap_port, login=LOGIN, letters=count
        )
        slow_rate = _offlineimap_rate(dovecot, max(200, count // 10), options.seed)
        ours, spent = _time_product(dovecot, count)
    peer_rate, our_rate = count / peer_seconds, count / ours["searchable"]
    whole = sum(spent.values()) or 1.0
    return Result(
        name=NAME,
        ratio=our_rate / peer_rate,
        parts={
            "letters": count,
            "megabytes": size / 1e6,
            "letters per second": our_rate,
            "mbsync letters per second": peer_rate,
            "offlineimap letters per second": slow_rate,
            "times offlineimap": our_rate / slow_rate if slow_rate else None,
            "seconds to the first letter": ours["first"],
            "seconds to all stored": ours["stored"],
            "seconds to all searchable": ours["searchable"],
            "CPU milliseconds per letter": {
                kind: seconds / count * 1e3 for kind, seconds in spent.items()
            },
        },
        table=[
            ("first sync", "letters/s", "seconds"),
            ("mbsync to Maildir", f"{peer_rate:.0f}", f"{peer_seconds:.1f}"),
            (
                "offlineimap to Maildir",
                f"{slow_rate:.0f}" if slow_rate else OFFLINEIMAP.how_to_get,
                "",
            ),
            (
                "stored",
                f"{count / ours['stored']:.0f}",
                f"{ours['stored']:.1f}",
            ),
            ("searchable", f"{our_rate:.0f}", f"{ours['searchable']:.1f}"),
            ("first letter shown", "", f"{ours['first']:.1f}"),
            ("", "ms of CPU a letter", "share"),
            *(
                (kind, f"{seconds / count * 1e3:.2f}", f"{seconds / whole:.0%}")
                for kind, seconds in spent.items()
            ),
        ],
    )


def _fill(dovecot: Dovecot, count: int, seed: int) -> int:
    """Put the letters into the inbox, and have Dovecot index them for both alike."""
    size = 0
    batch: list[bytes] = []
    for raw in letters(count, profile=BIG, seed=seed):
        size += len(raw)
        batch.append(raw)
        if len(batch) == 500:
            dovecot.append(LOGIN, "INBOX", batch)
            batch = []
    dovecot.append(LOGIN, "INBOX", batch)
    return size


def _offlineimap_rate(dovecot: Dovecot, count: int, seed: int) -> float | None:
    """Its letters per second, over fewer letters of the same make; None without it."""
    if not OFFLINEIMAP.is_here:
        return None
    dovecot.add_user(LOGIN_OF_SOME, "secret")
    some = list(letters(count, profile=BIG, seed=seed))
    dovecot.append(LOGIN_OF_SOME, "INBOX", some)
    seconds = OFFLINEIMAP.seconds_to_copy(
        port=dovecot.imap_port, login=LOGIN_OF_SOME, letters=count
    )
    return count / seconds


def _time_product(
    dovecot: Dovecot, count: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds from the tick to: the first letter, all stored, all searchable.

    And the CPU seconds that each kind of work took.
    """
    with postgres.temporary() as url, Product.started(url) as product:
        wait_for_the_disk(url)
        kind_of = _kinds(product, dovecot)
        with Meter(kind_of).running() as meter:
            product.run_python(
                mailboxes.add_support(
                    imap_port=dovecot.imap_port, sync_from="everything"
                )
            )
            # One connection: a new one for each question would cost a tenth of a core.
            with psycopg.connect(product.database_url, autocommit=True) as asking:
                wait_until(
                    lambda: asking.execute(DONE).fetchone() == (True,),
                    f"all {count} letters are processed",
                    lambda: product.log[-2000:],
                    seconds=PATIENCE_SECONDS,
                )
        if product.query(COUNT) != [(count,)]:
            raise CannotRun(f"Of {count} letters only {product.query(COUNT)} came.")
        spent = meter.by_kind()
        if "PostgreSQL" in spent:
            indexing = _seconds_to_index(product)
            spent["store (PostgreSQL)"] = max(0.0, spent.pop("PostgreSQL") - indexing)
            spent["index (PostgreSQL)"] = indexing
        rows = product.query(
            """
            SELECT extract(epoch FROM min(m.processed_at) - f.ticked_at),
                   extract(epoch FROM max(m.stored_at) - f.ticked_at),
                   extract(epoch FROM max(m.processed_at) - f.ticked_at)
            FROM letterbox_message m, letterbox_folder f
            WHERE f.is_ticked GROUP BY f.ticked_at
            """
        )
        first, stored, searchable = (float(str(value)) for value in rows[0])
        return {"first": first, "stored": stored, "searchable": searchable}, spent


def _kinds(product: Product, dovecot: Dovecot) -> Callable[[Process], str | None]:
    keeper, worker = product.process_of("keeper"), product.process_of("worker")
    database = urlsplit(product.database_url).path.lstrip("/")

    def kind_of(process: Process) -> str | None:
        if process.pid == keeper:
            return "fetch (keeper)"
        if process.pid == worker:
            return "thread (worker)"
        if process.group == worker:
            return "parse (readers)"
        if process.command.startswith("postgres") and database in process.command:
            return "PostgreSQL"
        if process.command.startswith(f"dovecot-t{dovecot.imap_port}/imap"):
            return "serve (Dovecot)"
        return None

    return kind_of


def _seconds_to_index(product: Product) -> float:
    """What the index of the search costs: the CPU that making it anew takes.

    It was made beside the storing, by the same processes.
    """
    with psycopg.connect(product.database_url, autocommit=True) as connection:
        mine = connection.info.backend_pid
        before = {each.pid: each.cpu_seconds for each in processes()}.get(mine, 0.0)
        connection.execute("SET max_parallel_maintenance_workers = 0")
        connection.execute("REINDEX INDEX message_words")
        after = {each.pid: each.cpu_seconds for each in processes()}.get(mine, 0.0)
    return after - before
