"""The database finder with real servers: start, join, survive, stop."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from letterbox import postgres
from letterbox.postgres import errors, postmaster

HOLDER = """
import sys, time
from pathlib import Path
from letterbox import postgres
with postgres.provide(database_url=None, data_folder=Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A folder with a short path, emptied of servers at the end."""
    folder = Path(tempfile.mkdtemp(prefix="lb-"))
    yield folder
    postmaster.stop(folder / "postgres" / "data")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data(data_folder: Path) -> Path:
    return data_folder / "postgres" / "data"


def answer(url: str, query: LiteralString = "SELECT 'here'") -> object:
    with psycopg.connect(url) as link:
        row = link.execute(query).fetchone()
    assert row is not None
    return row[0]


def start_holder(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_what_was_stored_is_there_at_the_second_start(
    data_folder: Path, data: Path
) -> None:
    with postgres.provide(database_url=None, data_folder=data_folder) as url:
        with psycopg.connect(url) as link:
            link.execute("CREATE TABLE kept AS SELECT 'Grüße'::text AS word")
        assert answer(url, "SHOW server_encoding") == "UTF8"
        assert answer(url, "SHOW data_checksums") == "on"
        assert answer(url, "SELECT lower('ÄÖ')") == "äö"
    assert postmaster.find(data) is None

    with postgres.provide(database_url=None, data_folder=data_folder) as url:
        assert answer(url, "SELECT word FROM kept") == "Grüße"


def test_the_server_cannot_be_reached_by_others(data_folder: Path) -> None:
    with postgres.provide(database_url=None, data_folder=data_folder) as url:
        assert answer(url, "SHOW listen_addresses") == ""
        for folder in ("", "run", "data"):
            mode = (data_folder / "postgres" / folder).stat().st_mode
            assert mode & 0o077 == 0


def test_a_second_process_joins_and_the_last_one_stops(
    data_folder: Path, data: Path
) -> None:
    with postgres.provide(database_url=None, data_folder=data_folder) as url:
        first = postmaster.find(data)
        holder = start_holder(data_folder)
        assert first_line(holder) == url
        assert postmaster.find(data) == first
    assert postmaster.find(data) == first
    assert answer(url) == "here"

    holder.communicate("leave\n", timeout=30)

    assert holder.returncode == 0
    assert postmaster.find(data) is None


def test_two_first_starts_at_once_make_one_server(
    data_folder: Path, data: Path
) -> None:
    holders = [start_holder(data_folder) for _ in range(3)]

    urls = {first_line(holder) for holder in holders}
    running = postmaster.find(data)

    assert len(urls) == 1
    assert running is not None
    assert answer(urls.pop()) == "here"
    for holder in holders:
        holder.communicate("leave\n", timeout=30)
    assert [holder.returncode for holder in holders] == [0, 0, 0]
    assert postmaster.find(data) is None


def test_a_killed_server_is_started_again(data_folder: Path, data: Path) -> None:
    with postgres.provide(database_url=None, data_folder=data_folder) as url:
        with psycopg.connect(url) as link:
            link.execute("CREATE TABLE kept AS SELECT 1 AS one")
        killed = postmaster.find(data)
        assert killed is not None
        os.kill(killed.pid, signal.SIGKILL)

        with postgres.provide(database_url=None, data_folder=data_folder) as again:
            assert answer(again, "SELECT one FROM kept") == 1
            running = postmaster.find(data)
            assert running is not None
            assert running.pid != killed.pid


def test_a_guarded_server_that_dies_in_use_comes_back(
    data_folder: Path, data: Path
) -> None:
    with postgres.provide(
        database_url=None, data_folder=data_folder, is_guarded=True
    ) as url:
        with psycopg.connect(url) as link:
            link.execute("CREATE TABLE kept AS SELECT 1 AS one")
        killed = postmaster.find(data)
        assert killed is not None
        os.kill(killed.pid, signal.SIGKILL)

        assert wait_for(url, "SELECT one FROM kept") == 1

    assert postmaster.find(data) is None


def wait_for(url: str, query: LiteralString) -> object:
    deadline = time.monotonic() + 60
    while True:
        try:
            return answer(url, query)
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_the_server_of_a_killed_holder_is_joined(data_folder: Path, data: Path) -> None:
    holder = start_holder(data_folder)
    url = first_line(holder)
    left = postmaster.find(data)
    holder.kill()
    holder.communicate(timeout=10)
    assert left is not None
    assert answer(url) == "here"

    with postgres.provide(database_url=None, data_folder=data_folder) as again:
        assert again == url
        assert postmaster.find(data) == left

    assert postmaster.find(data) is None


def test_ctrl_c_at_a_holder_stops_the_server_in_order(
    data_folder: Path, data: Path
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Whoever runs the tests in the background has it ignored, and children too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    first_line(holder)

    os.killpg(holder.pid, signal.SIGINT)
    _, complaint = holder.communicate(timeout=30)

    assert "KeyboardInterrupt" in complaint
    assert postmaster.find(data) is None
    log = (data_folder / "postgres" / "server.log").read_text()
    assert "database system is shut down" in log


def test_a_long_path_gets_its_socket_elsewhere(data_folder: Path) -> None:
    deep = data_folder / ("a" * 60) / ("b" * 60) / "with, 'odd\" letters"

    with postgres.provide(database_url=None, data_folder=deep) as url:
        assert answer(url) == "here"
        running = postmaster.find(deep / "postgres" / "data")
        assert running is not None
        socket_folder = running.socket_folder
        assert len(str(socket_folder)) < 100
        assert socket_folder.stat().st_mode & 0o777 == 0o700
    socket_folder.rmdir()


def test_an_unfinished_first_start_is_done_again(data_folder: Path) -> None:
    rest = data_folder / "postgres" / "data.unfinished"
    rest.mkdir(parents=True)
    (rest / "PG_VERSION").write_text("15\n")

    with postgres.provide(database_url=None, data_folder=data_folder) as url:
        assert answer(url) == "here"
    assert not rest.exists()


def test_a_process_id_that_somebody_else_has_now_is_no_server(
    data_folder: Path, data: Path
) -> None:
    with postgres.provide(database_url=None, data_folder=data_folder):
        pass
    somebody = str(os.getpid())
    (data / "postmaster.pid").write_text(
        f"{somebody}\n{data}\n1\n5432\n{data_folder}/postgres/run\n\n  1 1\nready\n"
    )

    with postgres.provide(database_url=None, data_folder=data_folder) as url:
        assert answer(url) == "here"


def test_data_of_another_version_is_left_alone(data_folder: Path, data: Path) -> None:
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")

    with (
        pytest.raises(errors.WrongVersion, match="written by PostgreSQL 12"),
        postgres.provide(database_url=None, data_folder=data_folder),
    ):
        pytest.fail("It must not start.")
    assert (data / "PG_VERSION").read_text() == "12\n"


def test_a_folder_that_is_no_data_folder_is_left_alone(
    data_folder: Path, data: Path
) -> None:
    data.mkdir(parents=True)
    (data / "letter.txt").write_text("mine")

    with (
        pytest.raises(errors.NotStarted, match="Move it away"),
        postgres.provide(database_url=None, data_folder=data_folder),
    ):
        pytest.fail("It must not start.")
    assert (data / "letter.txt").read_text() == "mine"


def test_a_file_in_place_of_the_folder_is_explained(data_folder: Path) -> None:
    (data_folder / "postgres").write_text("")

    with (
        pytest.raises(errors.PostgresError, match="postgres"),
        postgres.provide(database_url=None, data_folder=data_folder),
    ):
        pytest.fail("It must not start.")


def test_the_programs_of_the_wheel_really_start(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LETTERBOX_POSTGRES", "embedded")

    with postgres.provide(database_url=None, data_folder=data_folder) as url:
        assert str(answer(url, "SHOW server_version")).startswith("18")
        assert answer(url, "SELECT lower('ÄÖ')") == "äö"
        with psycopg.connect(url) as link:
            link.execute("CREATE EXTENSION pg_trgm")
            link.execute("CREATE EXTENSION unaccent")


def test_a_named_server_is_used_as_it_stands(data_folder: Path) -> None:
    with (
        postgres.temporary() as server,
        postgres.provide(database_url=server, data_folder=data_folder) as url,
    ):
        assert url == server
        assert answer(url) == "here"
    assert list(data_folder.iterdir()) == []


def test_a_named_database_that_is_missing_is_explained(data_folder: Path) -> None:
    with postgres.temporary() as server:
        missing = server.replace("/letterbox?", "/elsewhere?")
        with (
            pytest.raises(errors.NotReachable, match=r"elsewhere.*Create it"),
            postgres.provide(database_url=missing, data_folder=data_folder),
        ):
            pytest.fail("It must not connect.")


def test_a_throwaway_server_leaves_nothing() -> None:
    with postgres.temporary() as url:
        assert answer(url, "SHOW fsync") == "off"
        folder = Path(str(answer(url, "SHOW data_directory"))).parent
        running = postmaster.find(folder / "data")
        assert running is not None

    assert not folder.exists()
    assert (
        not postmaster.is_alive(running.pid)
        or not Path(f"/proc/{running.pid}/cwd").exists()
    )


def test_a_throwaway_server_dies_with_its_killed_owner() -> None:
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time\nfrom letterbox import postgres\n"
            "with postgres.temporary() as url:\n"
            "    print(url, flush=True)\n    time.sleep(60)\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    folder = Path(str(answer(first_line(owner), "SHOW data_directory"))).parent

    owner.kill()
    owner.communicate(timeout=10)

    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_as_root_a_folder_of_another_user_is_used_as_that_user(
    data_folder: Path, data: Path
) -> None:
    nobody = pwd.getpwnam("nobody")
    data_folder.chmod(0o755)
    (data_folder / "postgres").mkdir(mode=0o700)
    os.chown(data_folder / "postgres", nobody.pw_uid, nobody.pw_gid)

    for _ in range(2):
        with postgres.provide(database_url=None, data_folder=data_folder) as url:
            assert answer(url) == "here"
            assert data.stat().st_uid == nobody.pw_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_without_user_namespaces_borrows_a_system_user(
    data_folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_folder.chmod(0o755)
    # `unshare` is looked up on PATH; programs of the server have full paths.
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with postgres.provide(database_url=None, data_folder=data_folder) as url:
        assert answer(url) == "here"
        assert data.stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_without_user_namespaces_and_an_unreachable_folder_is_told(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with (
        pytest.raises(errors.NotAllowed, match="cannot reach"),
        postgres.provide(database_url=None, data_folder=data_folder),
    ):
        pytest.fail("It must not start.")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_starts_a_server_too(data_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(data_folder, nobody.pw_uid, nobody.pw_gid)
    answers = data_folder / "answers"

    # A fork, because others may not read the Python that root runs.
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            with postgres.provide(database_url=None, data_folder=data_folder) as url:
                answers.write_text(str(answer(url)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 (the parent asserts)
            answers.write_text(repr(error))
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    assert answers.read_text() == "here"
    assert (data_folder / "postgres" / "data").stat().st_uid == nobody.pw_uid
