"""A server 40 ms away: small letters by the second, and a look at 200 folders.

`fetched` is the session alone, which hands each letter out and forgets it; `stored` is
a whole first pass: listed, fetched, stored and committed. Beside them isync's `mbsync`
copies the same folder over the same wire. The ratio is our letters stored per second
over its; more is better. A look asks for the state of all folders of a mailbox, as a
keeper does before it passes over those that are behind.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import mailboxes
from bench.durable import wait_for_the_disk
from bench.letters import SMALL, letters
from bench.peers import MBSYNC
from bench.result import CannotRun, Options, Result, percentile
from bench.slow_wire import slow_wire
from letterbox import postgres
from letterbox.imap import sessions
from letterbox.imap.sessions import Encryption, Server, Session
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.imap.values import FetchedLetter, Password
from tests.product import Product, free_port
from tests.wire import dovecot as dovecots
from tests.wire.dovecot import Dovecot

NAME = "slow-wire"
ROUND_TRIP_SECONDS = 0.040
LETTERS = 20_000
FOLDERS = 200
LETTERS_IN_EACH = 3
LOOKS = 20
LOGIN = "support"
LOGIN_OF_MANY = "many"

MEASURE = """
import json, time
from letterbox.models import Folder
from letterbox.sync import on_demand
from letterbox.sync.passes import Pass
folder = Folder.objects.get(is_ticked=True)
with on_demand.session_of(folder.mailbox_id) as session:
    began = time.perf_counter(), time.process_time()
    Pass(session, folder).run()
    print(json.dumps({"seconds": time.perf_counter() - began[0],
        "cpu": time.process_time() - began[1], "held": folder.placements.count()}))
"""


def run(options: Options) -> Result:
    """Fill the folders, lay the wire, and measure over it."""
    if dovecots.version() is None:
        raise CannotRun(dovecots.HOW_TO_GET)
    count = options.scaled(LETTERS, least=1_000)
    folders = options.scaled(FOLDERS, least=20)
    with (
        Dovecot.started() as dovecot,
        slow_wire(dovecot.imap_port, round_trip_seconds=ROUND_TRIP_SECONDS) as port,
    ):
        _fill(dovecot, count, folders, options.seed)
        peer = MBSYNC.seconds_to_copy(port=port, login=LOGIN, letters=count)
        fetched = _seconds_to_fetch(port, count)
        stored = _first_pass(port, count)
        with _session(port, LOGIN_OF_MANY) as session:
            names = [each.wire_name for each in session.list_folders()]
            looks = _times(lambda: len(session.list_folders_with_status()[1]), names)
            asked_singly = _times(lambda: len(session.statuses(names)), names)
    p50, p95 = percentile(looks, 0.5), percentile(looks, 0.95)
    singly = percentile(asked_singly, 0.5)
    return Result(
        name=NAME,
        ratio=peer / stored["seconds"],
        p50=p50,
        p95=p95,
        parts={
            "round trip seconds": ROUND_TRIP_SECONDS,
            "letters": count,
            "fetched letters per second": count / fetched,
            "stored letters per second": count / stored["seconds"],
            "CPU milliseconds per stored letter": stored["cpu"] / count * 1e3,
            "mbsync letters per second": count / peer,
            "folders": len(names),
            "seconds to look at all folders": p50,
            "seconds without LIST-STATUS": singly,
        },
        table=[
            (f"{ROUND_TRIP_SECONDS * 1000:.0f} ms away", "letters/s", "seconds"),
            ("mbsync to Maildir", f"{count / peer:.0f}", f"{peer:.1f}"),
            ("fetched", f"{count / fetched:.0f}", f"{fetched:.1f}"),
            (
                "stored",
                f"{count / stored['seconds']:.0f}",
                f"{stored['seconds']:.1f}",
            ),
            (f"a look at {len(names)} folders", "", f"{p50:.3f}"),
            ("95 of 100 looks within", "", f"{p95:.3f}"),
            ("a look without LIST-STATUS", "", f"{singly:.3f}"),
        ],
    )


def _fill(dovecot: Dovecot, count: int, folders: int, seed: int) -> None:
    for login in (LOGIN, LOGIN_OF_MANY):
        dovecot.add_user(login, "secret")
    dovecot.append(LOGIN, "INBOX", list(letters(count, profile=SMALL, seed=seed)))
    few = list(letters(LETTERS_IN_EACH, profile=SMALL, seed=seed))
    for number in range(folders):
        dovecot.append(LOGIN_OF_MANY, f"Customer {number}", few)
    # Dovecot makes its index at the first look at a folder, for all alike.
    with _session(dovecot.imap_port, LOGIN) as session:
        session.examine(INBOX)
        for _ in session.fetch_states(session.search("ALL")):
            pass


def _session(port: int, login: str) -> Session:
    server = Server("127.0.0.1", port, Encryption.NONE, timeout_seconds=60)
    session = sessions.connect(server)
    session.log_in(Password(login, "secret"))
    return session


def _seconds_to_fetch(port: int, count: int) -> float:
    """From the search for all letters to the last of them."""
    with _session(port, LOGIN) as session:
        session.examine(INBOX)
        began = time.perf_counter()
        outcomes = session.fetch_letters(session.search("ALL"))
        got = sum(1 for each in outcomes if isinstance(each, FetchedLetter))
        seconds = time.perf_counter() - began
    if got != count:
        raise CannotRun(f"{got} of {count} letters were fetched.")
    return seconds


def _first_pass(port: int, count: int) -> dict[str, float]:
    """Wall and CPU seconds of a pass that takes the whole folder as history."""
    with postgres.temporary() as url, tempfile.TemporaryDirectory() as folder:
        wait_for_the_disk(url)
        product = Product(Path(folder), url, free_port())
        product.run_python(
            "from letterbox.management import migrate\nmigrate.migrate()"
            + mailboxes.add_support(imap_port=port, sync_from="everything")
        )
        said = product.run_python(MEASURE)
    figures: dict[str, float] = json.loads(said.splitlines()[-1])
    if figures["held"] != count:
        raise CannotRun(f"{figures['held']:.0f} of {count} letters were stored.")
    return figures


def _times(look: Callable[[], int], names: list[WireName]) -> list[float]:
    """Seconds of each look; the first makes the server's indexes and is left out."""
    seconds = []
    for _ in range(LOOKS + 1):
        began = time.perf_counter()
        if look() < len(names):
            raise CannotRun("the server left folders out.")
        seconds.append(time.perf_counter() - began)
    return seconds[1:]
