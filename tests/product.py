"""The whole product as processes, on a database of its own, for e2e tests and the bench.

    with Product.started(postgres_url) as product:
        product.run_python("…")          # with Django, in a process of its own
        product.kill("worker")           # the supervisor starts it again

Needs no pytest; the caller brings the PostgreSQL, the Dovecot and the SMTP server.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

PATIENCE_SECONDS = 60.0
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Product:
    """`letterbox run` in a process group of its own."""

    folder: Path
    database_url: str
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def started(
        cls, server_url: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[Product]:
        """Make a database on this server, run the product on it, drop it at the end."""
        name = f"product_{secrets.token_hex(6)}"
        template = _template(server_url)
        with psycopg.connect(server_url, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            with tempfile.TemporaryDirectory(prefix="letterbox-product-") as folder:
                product = cls(
                    Path(folder),
                    _with_name(server_url, name),
                    free_port(),
                    dict(environment or {}),
                )
                product.start()
                try:
                    yield product
                finally:
                    product.stop()
        finally:
            with psycopg.connect(server_url, autocommit=True) as admin:
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What all of its processes have said."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start and wait until pages are served."""
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "letterbox", "run"],
                cwd=ROOT,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self.is_serving, "the pages are served", lambda: self.log)

    def stop(self) -> int:
        """Ask it to stop; returns the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process = None
        return code

    def kill(self, name: str) -> int:
        """kill -9 one of web, keeper and worker; returns its process id."""
        pid = self.process_of(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    @contextmanager
    def one_more(self, name: str) -> Iterator[int]:
        """Run one more keeper or worker until the block ends; yields its process id."""
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "letterbox", name],
                cwd=ROOT,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def process_of(self, name: str) -> int:
        """The process id of web, keeper or worker."""
        assert self.process is not None
        found: list[int] = []

        def look() -> bool:
            said = subprocess.run(
                [
                    "pgrep",
                    "-P",
                    str(self.process and self.process.pid),
                    "-f",
                    f" {name}$",
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            found[:] = [int(line) for line in said.stdout.split()]
            return bool(found)

        wait_until(look, f"{name} runs", lambda: self.log)
        return found[0]

    def run_python(self, code: str) -> str:
        """Run code with Django set up, on the product's database; returns its output."""
        said = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{code}"],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stderr
        return said.stdout.strip()

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the product's database."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def is_serving(self) -> bool:
        """Whether the web server answers."""
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            with urllib.request.urlopen(f"{self.address}/account/login/", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("LETTERBOX_") and "PYTEST" not in name
        }
        return inherited | {
            "DJANGO_SETTINGS_MODULE": "letterbox.settings",
            "LETTERBOX_DATABASE_URL": self.database_url,
            "LETTERBOX_DATA": str(self.folder / "data"),
            "LETTERBOX_WEB_PORT": str(self.port),
            "LETTERBOX_URL": self.address,
            "LETTERBOX_UNDO_SECONDS": "0",
            **self.environment,
        }


def wait_until(
    is_so: object,
    what: str,
    explain: object = None,
    *,
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Ask again and again until it is so; fail with what was waited for."""
    assert callable(is_so)
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            details = explain() if callable(explain) else ""
            raise AssertionError(f"Waited {seconds:.0f} s in vain: {what}.\n{details}")
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _template(server_url: str) -> str:
    """A database with all tables and nothing in them, made once for each server.

    Making the tables anew took each product longer than starting did. The name tells
    which migrations it has, for a server that outlives a run.
    """
    folder = ROOT / "letterbox" / "migrations"
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.py")):
        digest.update(file.read_bytes())
    name = f"template_{digest.hexdigest()[:16]}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        # Processes of a parallel run come here together; one of them makes it.
        admin.execute("SELECT pg_advisory_lock(7211)")
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is None:
            _make_tables(admin, server_url, name)
    return name


def _make_tables(admin: psycopg.Connection, server_url: str, name: str) -> None:
    draft = f"{name}_draft"
    admin.execute(f'DROP DATABASE IF EXISTS "{draft}" WITH (FORCE)'.encode())
    admin.execute(f'CREATE DATABASE "{draft}"'.encode())
    with tempfile.TemporaryDirectory(prefix="letterbox-tables-") as folder:
        product = Product(Path(folder), _with_name(server_url, draft), port=0)
        product.run_python(
            "from letterbox.management import migrate; migrate.migrate()"
        )
    # Under its name only once it is whole.
    admin.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"'.encode())


def _with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name)}"))
