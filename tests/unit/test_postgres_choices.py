"""What letterbox.postgres decides without a server: programs, sentences, settings."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from letterbox.postgres import cluster, errors, external, postmaster, programs, sockets
from letterbox.postgres.programs import Programs, Source

FOLDER = Path("/srv/letterbox/postgres")

LOCAL_16 = Programs(Path("/usr/lib/postgresql/16/bin"), 16, Source.LOCAL)
LOCAL_15 = Programs(Path("/usr/lib/postgresql/15/bin"), 15, Source.LOCAL)
LOCAL_13 = Programs(Path("/usr/lib/postgresql/13/bin"), 13, Source.LOCAL)
EMBEDDED = Programs(Path("/venv/pginstall/bin"), 18, Source.EMBEDDED)


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15),
        ("pg_dump (PostgreSQL) 18.6", 18),
        ("postgres (PostgreSQL) 19beta1", 19),
        ("postgres (PostgreSQL) ", None),
        ("postgres (PostgreSQL) devel", None),
        ("bash: postgres: not found", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_what_programs_print(
    text: str, major: int | None
) -> None:
    assert programs.major_version(text) == major


def test_local_programs_come_before_the_wheel() -> None:
    found = [LOCAL_16, LOCAL_15, EMBEDDED]

    assert programs.pick(found, source=Source.AUTO, data_major=None) == LOCAL_16


def test_programs_too_old_are_passed_over() -> None:
    found = [LOCAL_13, EMBEDDED]

    assert programs.pick(found, source=Source.AUTO, data_major=None) == EMBEDDED


def test_existing_data_gets_the_version_that_wrote_it() -> None:
    found = [LOCAL_16, LOCAL_15, EMBEDDED]

    assert programs.pick(found, source=Source.AUTO, data_major=15) == LOCAL_15
    assert programs.pick(found, source=Source.AUTO, data_major=18) == EMBEDDED


def test_data_of_a_version_that_is_gone_is_explained() -> None:
    with pytest.raises(errors.WrongVersion, match=r"written by PostgreSQL 17.*backup"):
        programs.pick([LOCAL_16], source=Source.AUTO, data_major=17)


@pytest.mark.parametrize("source", list(Source))
def test_nothing_found_says_what_to_install(source: Source) -> None:
    with pytest.raises(errors.NoPrograms, match=r"letterbox\[embedded\]"):
        programs.pick([], source=source, data_major=None)


def test_only_an_old_version_found_says_so() -> None:
    with pytest.raises(errors.WrongVersion, match="PostgreSQL 13 is too old"):
        programs.pick([LOCAL_13], source=Source.LOCAL, data_major=None)


def test_a_mistyped_switch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LETTERBOX_POSTGRES", "docker")

    with pytest.raises(errors.PostgresError, match="auto, local or embedded"):
        programs.source_from_environment()


@pytest.mark.parametrize(
    ("log", "kind", "words"),
    [
        (
            "selecting dynamic shared memory implementation ... posix\n"
            'initdb: error: could not write to file "x": No space left on device',
            errors.DiskFull,
            "is full",
        ),
        (
            "FATAL:  could not resize shared memory segment: No space left on device",
            errors.NotStarted,
            "shm-size",
        ),
        (
            "FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use",
            errors.StillBusy,
            "Another PostgreSQL",
        ),
        (
            'FATAL:  lock file "postmaster.pid" already exists',
            errors.StillBusy,
            "Another PostgreSQL",
        ),
        (
            "FATAL:  database files are incompatible with server",
            errors.WrongVersion,
            "another version",
        ),
        (
            'LOG:  could not bind Unix address "/x/.s.PGSQL.5432": not supported',
            errors.NotStarted,
            "socket",
        ),
        (
            'FATAL:  data directory "/x" has wrong ownership',
            errors.NotAllowed,
            "Give the folder",
        ),
        (
            "LOG:  starting\nFATAL:  something new\nLOG:  over\n",
            errors.NotStarted,
            "it says: FATAL:  something new",
        ),
        ("", errors.NotStarted, "it says: nothing"),
    ],
)
def test_the_server_log_becomes_a_sentence(
    log: str, kind: type[errors.PostgresError], words: str
) -> None:
    error = errors.from_log(log, FOLDER)

    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, errors.DiskFull),
        (errno.EDQUOT, errors.DiskFull),
        (errno.EACCES, errors.NotAllowed),
        (errno.EROFS, errors.NotAllowed),
        (errno.ENOTDIR, errors.NotStarted),
    ],
)
def test_refusals_of_the_system_become_sentences(
    code: int, kind: type[errors.PostgresError]
) -> None:
    with pytest.raises(kind, match="postgres"), errors.told_as_sentences(FOLDER):
        raise OSError(code, "reason", str(FOLDER))


@pytest.mark.parametrize(
    ("complaint", "advice"),
    [
        ('FATAL:  password authentication failed for user "a"', "user and password"),
        ('FATAL:  database "letterbox" does not exist', "Create it"),
        ("could not translate host name: Name or service not known", "the host name"),
        ("FATAL:  sorry, too many clients already", "max_connections"),
        ("server does not support SSL, but SSL was required", "encryption"),
        ("Connection refused", "host and port"),
    ],
)
def test_a_refused_connection_says_what_to_check(complaint: str, advice: str) -> None:
    error = external.refusal(complaint, "The database crm at db.example")

    assert advice in str(error)
    assert "db.example" in str(error)


def test_only_a_server_on_its_way_up_is_waited_for() -> None:
    assert external.may_pass("FATAL:  the database system is starting up")
    assert external.may_pass("connection to server at ... failed: Connection refused")
    assert not external.may_pass("FATAL:  password authentication failed")


def test_a_server_is_named_without_its_password() -> None:
    text = external.describe("postgresql://crm:s3cret@db.example:5433/letters")

    assert "letters" in text
    assert "db.example" in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    "url", ["mysql://a:s3cret@b/c", "postgresql://a:s3cret%@b/c", "s3cret"]
)
def test_an_unreadable_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(errors.NotReachable, match="postgresql://") as caught:
        external.describe(url)

    assert "s3cret" not in str(caught.value)


def test_the_address_of_a_socket_survives_odd_letters_in_its_path() -> None:
    url = cluster.url_for(Path("/srv/our data/run?&%"))

    assert (
        url
        == "postgresql://letterbox@/letterbox?host=%2Fsrv%2Four%20data%2Frun%3F%26%25"
    )


def test_a_socket_folder_is_quoted_for_the_settings_file() -> None:
    assert sockets.quoted(Path("/a, b/o'c")) == "'\"/a, b/o''c\"'"


def test_every_version_gets_a_locale_that_knows_all_letters() -> None:
    assert cluster.locale_options(18)[0][:2] == [
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]
    assert cluster.locale_options(16)[0] == ["--locale=C.UTF-8"]


@pytest.mark.parametrize("text", ["", "abc", "-41\n/d\n1\n5432\n/run\n", "41\n/data\n"])
def test_an_unusable_pid_file_names_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "postmaster.pid").write_text(text)

    assert postmaster.read_note(tmp_path) is None
