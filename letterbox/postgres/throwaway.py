"""A server for tests and the demo: quick, careless, and gone without a trace.

It may lose everything at any moment and is never used for mail that matters. Nothing
of it outlives the process that asked for it, however that process ends.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from letterbox.postgres import account, cluster, programs
from letterbox.postgres.cluster import Cluster
from letterbox.postgres.errors import told_as_sentences

# Waits for the other end of its standard input to close, which the kernel does for a
# process that is killed as well, then ends the server and removes its folder.
WATCHER = """
trap '' INT TERM HUP
cat > /dev/null
pid_file=$1/data/postmaster.pid
pid=$(head -n 1 "$pid_file" 2> /dev/null)
if [ -n "$pid" ]; then
    kill -QUIT "$pid"
    rounds=0
    while [ -e "$pid_file" ] && kill -0 "$pid" && [ "$rounds" -lt 200 ]; do
        sleep 0.05
        rounds=$((rounds + 1))
    done
fi 2> /dev/null
rm -rf "$1"
"""


@contextmanager
def temporary() -> Iterator[str]:
    """Yield the `postgresql://` address of an empty database; drop it at the end.

    Commits do not wait for the disk. Raises PostgresError.
    """
    root = Path(tempfile.gettempdir())
    with told_as_sentences(root):
        folder = Path(tempfile.mkdtemp(prefix="letterbox-", dir=root))
        watcher = _watch(folder)
    try:
        with told_as_sentences(folder):
            running_as = account.choose(folder)
            running_as.own(folder)
            server = Cluster(
                folder=folder,
                programs=programs.for_server(),
                account=running_as,
                is_throwaway=True,
            )
            socket_folder = server.start()
            cluster.create_database(socket_folder)
        yield cluster.url_for(socket_folder)
    finally:
        _end(watcher)


def _watch(folder: Path) -> subprocess.Popen[bytes]:
    shell = shutil.which("sh") or "/bin/sh"
    return subprocess.Popen(  # noqa: S603
        [shell, "-c", WATCHER, "letterbox-watcher", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C in our terminal must not end it before its work is done.
        start_new_session=True,
        cwd="/",
    )


def _end(watcher: subprocess.Popen[bytes]) -> None:
    # Closes its standard input, which is what it waits for.
    watcher.communicate(timeout=30)
