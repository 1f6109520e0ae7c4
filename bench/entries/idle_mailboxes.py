"""Idle TLS mailboxes, a thousand in one keeper: their weight, and how soon mail shows.

The whole product runs; the keeper's memory is taken before there is a mailbox and when
all are live. Then each mailbox gets one letter by LMTP, all within a minute; the clock
runs from its delivery until its row can be seen by others. Dovecot itself waits 500 ms
before it tells anybody who idles, which is in the figure. Nobody else keeps our ledger,
so there is no ratio. `--scale 5` tries 5,000, in two keepers; it ends by itself within
ten minutes and says how far it came.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg

from bench.result import CannotRun, Options, Result, percentile
from letterbox import postgres
from tests.product import Product, wait_until
from tests.wire import dovecot as dovecots
from tests.wire.dovecot import Dovecot

NAME = "idle-mailboxes"
MAILBOXES = 1_000
SPREAD_SECONDS = 55.0
# What a keeper is given; it takes no more than keeper.MOST_MAILBOXES.
MAILBOXES_OF_A_KEEPER = 2_500
# Nothing is waited for beyond this; stopping takes up to a minute more.
LONGEST_SECONDS = 530.0
# Numbers that no person of this machine has.
FIRST_UID = 200_000
# Dovecot keeps a process for each connection, and two descriptors for its TLS.
DOVECOT = """
default_client_limit = 20000
default_process_limit = 12000
service imap-login {
  client_limit = 20000
  # One process holds all of the TLS; with the usual limit it dies of 2,800.
  vsz_limit = 4G
}
service imap {
  process_limit = 12000
}
"""

PREPARE = """
from django.utils import timezone
from letterbox.models import Folder
from letterbox.services import connections, mailboxes
for number in range({count}):
    mailbox = mailboxes.add(label=f"Idle {{number}}",
        address=f"idle{{number}}@acme.example", by=None)
    folder = Folder.objects.create(mailbox=mailbox, wire_name="INBOX", path="INBOX",
        role="inbox", is_ticked=True, ticked_at=timezone.now())
    connections.save(mailbox, protocol="imap", host="127.0.0.1", port={port},
        encryption="tls", login=f"idle{{number}}", password="secret")
"""
LIVE = "SELECT count(*) FROM letterbox_health WHERE state = 'live'"
TROUBLED = """
    SELECT count(*), min(cause) FROM letterbox_health
    WHERE state IN ('backing-off', 'needs-attention')
"""
SEEN = """
    SELECT m.id, box.address FROM letterbox_message m
    JOIN letterbox_mailbox box ON box.id = m.mailbox_id WHERE m.id > %s
"""


def run(options: Options) -> Result:
    """Log in to all mailboxes, weigh the keeper, and write to each."""
    if dovecots.version() is None:
        raise CannotRun(dovecots.HOW_TO_GET)
    if os.geteuid() != 0:
        raise CannotRun("only root can give each mailbox a system user of its own.")
    count = options.scaled(MAILBOXES, least=10)
    deadline = time.monotonic() + LONGEST_SECONDS
    with (
        postgres.temporary() as url,
        Dovecot.started(extra_config=DOVECOT, first_uid=FIRST_UID) as dovecot,
        Product.started(
            url,
            {
                "LETTERBOX_CA_FILE": str(dovecot.authority_file),
                # A thousand logins at once take a while on a busy machine.
                "LETTERBOX_CONNECT_TIMEOUT": "60",
            },
        ) as product,
        ExitStack() as more,
    ):
        first = product.process_of("keeper")
        keepers = [first]
        keepers += [
            more.enter_context(product.one_more("keeper"))
            for _ in range(MAILBOXES_OF_A_KEEPER, count, MAILBOXES_OF_A_KEEPER)
        ]
        empty = _memory_of(keepers)
        for number in range(count):
            dovecot.add_user(f"idle{number}", "secret")
        product.run_python(PREPARE.format(count=count, port=dovecot.imaps_port))
        began = time.perf_counter()
        live = _wait_until_live(product, count, deadline)
        until_live = time.perf_counter() - began
        idle = _memory_of(keepers)
        cpu = _cpu_of(keepers)
        time.sleep(10)
        idle_cpu = (_cpu_of(keepers) - cpu) / 10
        cpu = _cpu_of(keepers)
        delays, sent = _write_to_all(dovecot, product, count, deadline)
        cpu_of_letters = _cpu_of(keepers) - cpu
        after = _memory_of(keepers)
        if product.process_of("keeper") != first:
            raise CannotRun("the keeper died on the way.")
    figures = {
        "mailboxes": count,
        "keepers": len(keepers),
        "live": live,
        "seconds until all are live, or no more": until_live,
        "MB of the empty keepers": empty / 1e6,
        "MB more when idle": (idle - empty) / 1e6,
        "MB more after a letter each": (after - empty) / 1e6,
        "KB for each mailbox": (idle - empty) / 1e3 / max(live, 1),
        "CPU seconds per second when idle": idle_cpu,
        "letters delivered": sent,
        "letters in": len(delays),
        "CPU ms of the keepers for each": cpu_of_letters / max(len(delays), 1) * 1000,
    }
    p50, p95, slowest = (
        percentile(delays, share) if delays else None for share in (0.5, 0.95, 1.0)
    )
    return Result(
        name=NAME,
        p50=p50,
        p95=p95,
        parts=dict(figures),
        table=[
            ("idle mailboxes", "figure"),
            *((name, f"{value:.4g}") for name, value in figures.items()),
            ("delivery → row, median", _milliseconds(p50)),
            ("delivery → row, 95 of 100", _milliseconds(p95)),
            ("delivery → row, slowest", _milliseconds(slowest)),
        ],
    )


def _milliseconds(seconds: float | None) -> str:
    return "no letter came" if seconds is None else f"{seconds * 1000:.0f} ms"


def _wait_until_live(product: Product, count: int, deadline: float) -> int:
    """How many are live once all are, or once no more come.

    Leaves two minutes for the letters.
    """
    best, since = 0, time.monotonic()
    until = deadline - 2 * SPREAD_SECONDS
    while best < count and time.monotonic() < min(since + 60, until):
        live = int(str(product.query(LIVE)[0][0]))
        if live > best:
            best, since = live, time.monotonic()
        time.sleep(0.5)
    if best < count:
        print(f"{best} of {count} are live: {product.query(TROUBLED)}", flush=True)
    return best


def _write_to_all(
    dovecot: Dovecot, product: Product, count: int, deadline: float
) -> tuple[list[float], int]:
    """One letter into each within a minute; seconds until each could be seen.

    Also returns how many were delivered: those to mailboxes that are not live wait.
    """
    delivered: dict[str, float] = {}
    seen: dict[str, float] = {}
    is_over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(product, seen, is_over))
    watcher.start()
    began = time.perf_counter()

    def deliver(number: int) -> None:
        wait = began + SPREAD_SECONDS * number / count - time.perf_counter()
        time.sleep(max(0.0, wait))
        address = f"idle{number}@acme.example"
        raw = (
            f"From: Carol <carol@c{number}.example>\r\nTo: {address}\r\n"
            f"Subject: Hello {number}\r\nMessage-ID: <{number}@bench.example>\r\n"
            "\r\nHello.\r\n"
        ).encode()
        moment = time.perf_counter()
        if time.monotonic() > deadline:
            return
        # A server that is out of breath refuses some; the table says how many.
        with suppress(OSError):
            dovecot.deliver(f"idle{number}", raw, sender=f"carol@c{number}.example")
            delivered[address] = moment

    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(deliver, range(count)))
        wait_until(
            lambda: set(delivered) <= set(seen),
            f"{count} letters are in",
            lambda: f"{len(seen)} are in",
            seconds=max(1.0, deadline - time.monotonic()),
        )
    except AssertionError as problem:
        print(problem, flush=True)
    finally:
        is_over.set()
        watcher.join()
    return _delays(delivered, seen), len(delivered)


def _delays(delivered: Mapping[str, float], seen: Mapping[str, float]) -> list[float]:
    return [seen[name] - moment for name, moment in delivered.items() if name in seen]


def _watch(product: Product, seen: dict[str, float], is_over: threading.Event) -> None:
    """Note when each letter can be seen, twenty times a second.

    Numbers are given before the commit, so a lower one may show after a higher one.
    """
    last = 0
    with psycopg.connect(product.database_url, autocommit=True) as connection:
        while not is_over.wait(0.05):
            for pk, address in connection.execute(SEEN, [last - 1_000]).fetchall():
                seen.setdefault(address, time.perf_counter())
                last = max(last, pk)


def _memory_of(pids: Sequence[int]) -> int:
    """Bytes of real memory, after what was only just needed has been given back."""
    time.sleep(3)
    total = 0
    for pid in pids:
        status = _read_of(pid, "status")
        (line,) = [each for each in status.splitlines() if each.startswith("VmRSS:")]
        total += int(line.split()[1]) * 1024
    return total


def _cpu_of(pids: Sequence[int]) -> float:
    """Seconds of CPU that the processes have used so far."""
    ticks = 0
    for pid in pids:
        fields = _read_of(pid, "stat").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _read_of(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="ascii")
    except OSError as error:
        raise CannotRun("a keeper died, or this system has no /proc.") from error
