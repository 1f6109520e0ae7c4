"""Backup and restore with real servers and PostgreSQL's own programs."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from letterbox import postgres
from letterbox.postgres import dump, errors

MAKE: LiteralString = """
    CREATE EXTENSION pg_trgm;
    CREATE TABLE letter (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        subject text UNIQUE,
        raw bytea
    );
    INSERT INTO letter (subject, raw)
        SELECT 'Grüße ' || n, decode(repeat(md5(n::text), 100), 'hex')
        FROM generate_series(1, 500) AS n;
    CREATE INDEX letter_words ON letter USING gin (subject gin_trgm_ops);
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.temporary() as url:
        yield url


@pytest.fixture
def filled(server: str) -> str:
    """A database that holds 500 letters."""
    url = new_database(server, "filled")
    with psycopg.connect(url) as link:
        link.execute(MAKE)
    return url


@pytest.fixture
def other(server: str) -> str:
    """A database that holds nothing."""
    return new_database(server, "other")


def new_database(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as link:
        for statement in ("DROP DATABASE IF EXISTS {} (FORCE)", "CREATE DATABASE {}"):
            link.execute(sql.SQL(statement).format(sql.Identifier(name)))
    return server.replace("/letterbox?", f"/{name}?")


def fingerprint(url: str) -> object:
    query: LiteralString = (
        "SELECT count(*), md5(string_agg(letter::text, ',' ORDER BY id)) FROM letter"
    )
    with psycopg.connect(url) as link:
        return link.execute(query).fetchone()


def test_a_backup_brings_everything_back(
    filled: str, other: str, tmp_path: Path
) -> None:
    file = tmp_path / "letters.backup"

    postgres.backup(filled, file)
    postgres.restore(other, file)

    assert fingerprint(other) == fingerprint(filled)
    with psycopg.connect(other) as link:
        link.execute("INSERT INTO letter (subject) VALUES ('the next one')")
        assert link.execute("SELECT max(id) FROM letter").fetchone() == (501,)
        assert link.execute("SELECT 'word' % 'words'").fetchone() == (True,)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["letters.backup"]


def test_a_restored_database_can_be_backed_up_and_restored_again(
    filled: str, other: str, tmp_path: Path
) -> None:
    postgres.backup(filled, tmp_path / "first")
    postgres.restore(other, tmp_path / "first")

    postgres.backup(other, tmp_path / "second")
    postgres.restore(other, tmp_path / "second", overwrite=True)

    assert fingerprint(other) == fingerprint(filled)


def test_a_full_database_is_not_buried_without_a_word(
    filled: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    postgres.backup(filled, file)
    before = fingerprint(filled)

    with pytest.raises(errors.NotEmpty, match="--overwrite"):
        postgres.restore(filled, file)

    assert fingerprint(filled) == before


def test_overwriting_leaves_nothing_of_what_was_there(
    filled: str, other: str, tmp_path: Path
) -> None:
    postgres.backup(filled, tmp_path / "backup")
    with psycopg.connect(other) as link:
        link.execute("CREATE TABLE later (id int)")
        link.execute("CREATE VIEW seen AS SELECT * FROM later")

    postgres.restore(other, tmp_path / "backup", overwrite=True)

    assert fingerprint(other) == fingerprint(filled)
    with psycopg.connect(other) as link:
        assert link.execute("SELECT to_regclass('later')").fetchone() == (None,)


@pytest.mark.parametrize("kept_part", [0.3, 0.9, 0.999])
def test_a_damaged_backup_changes_nothing(
    filled: str, other: str, tmp_path: Path, kept_part: float
) -> None:
    file = tmp_path / "backup"
    postgres.backup(filled, file)
    os.truncate(file, int(file.stat().st_size * kept_part))
    with psycopg.connect(other) as link:
        link.execute("CREATE TABLE kept AS SELECT 1 AS one")

    with pytest.raises(errors.DumpFailed, match="changed nothing"):
        postgres.restore(other, file, overwrite=True)

    with psycopg.connect(other) as link:
        assert link.execute("SELECT one FROM kept").fetchone() == (1,)
        assert link.execute("SELECT to_regclass('letter')").fetchone() == (None,)


def test_another_file_is_not_taken_for_a_backup(other: str, tmp_path: Path) -> None:
    file = tmp_path / "letter.eml"
    file.write_bytes(b"Subject: hello\r\n\r\n")

    with pytest.raises(errors.DumpFailed, match="not a backup"):
        postgres.restore(other, file)


def test_a_missing_file_or_folder_is_explained(filled: str, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "backup"

    with pytest.raises(errors.PostgresError, match="nowhere"):
        postgres.restore(filled, nowhere)
    with pytest.raises(errors.PostgresError, match="nowhere"):
        postgres.backup(filled, nowhere)


def test_a_failed_backup_leaves_the_last_one(filled: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_bytes(b"the last one")
    with psycopg.connect(filled) as link:
        link.execute("DROP ROLE IF EXISTS rita")
        link.execute("CREATE ROLE rita LOGIN")
    as_rita = filled.replace("//letterbox@", "//rita@")

    with pytest.raises(errors.DumpFailed, match="permission denied"):
        postgres.backup(as_rita, file)

    assert file.read_bytes() == b"the last one"
    assert [entry.name for entry in tmp_path.iterdir()] == ["backup"]


def test_writing_goes_on_during_a_backup(filled: str, tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def back_up() -> None:
        try:
            postgres.backup(filled, tmp_path / "backup")
        except BaseException as error:  # noqa: BLE001 (handed to the test)
            failures.append(error)

    thread = threading.Thread(target=back_up)
    thread.start()
    with psycopg.connect(filled, autocommit=True) as link:
        while thread.is_alive():
            link.execute("INSERT INTO letter (subject) VALUES (gen_random_uuid())")
    thread.join()

    assert failures == []


def test_no_password_is_among_the_arguments_of_a_program() -> None:
    argument = dump._address(
        "postgresql://crm:s3cret@db.example/crm?sslpassword=s3cret"
    )

    assert "s3cret" not in argument
    assert "db.example" in argument
