"""Settings that make no sense stop Letterbox at its start, with one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Nobody listens there: a nonsense setting must be told before it matters.
DATABASE = "postgresql://nobody@127.0.0.1:1/none"


def load(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of their own, as the command line does."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LETTERBOX_")
    }
    environment |= {
        "DJANGO_SETTINGS_MODULE": "letterbox.settings",
        "LETTERBOX_DATABASE_URL": DATABASE,
        "LETTERBOX_DATA": str(folder),
    }
    environment |= {f"LETTERBOX_{name}": value for name, value in settings.items()}
    code = (
        "from letterbox.management import cli\n"
        "try:\n"
        "    cli.start_django()\n"
        "except cli.Mistake as mistake:\n"
        "    raise SystemExit(str(mistake))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_defaults_make_sense(tmp_path: Path) -> None:
    loaded = load(tmp_path)

    assert loaded.returncode == 0, loaded.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("WEB_PORT", "eighty", "must be a whole number from 0 to 65535, not 'eighty'."),
        ("WEB_PORT", "70000", "must be a whole number from 0 to 65535, not '70000'."),
        ("WORKER_CONCURRENCY", "0", "must be a whole number from 1 to 64, not '0'."),
        ("UNDO_SECONDS", "-1", "must be a whole number from 0 to 120, not '-1'."),
        ("DATABASE_POOL", "maybe", "must be yes or no, not 'maybe'."),
        ("DATABASE_URL", "mysql://x/y", "must look like postgresql://"),
        ("URL", "mail.acme.com", "must be the address people type"),
        ("SECRET_KEY", "short", "is too short; use at least 32 characters."),
        ("LOG_LEVEL", "chatty", "must be DEBUG, INFO, WARNING or ERROR."),
        ("SECRET_KEY_FILE", "/nowhere/key", "cannot be read: No such file"),
    ],
)
def test_nonsense_is_told_in_one_sentence(
    tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    loaded = load(tmp_path, **{name: value})

    assert loaded.returncode == 1
    assert f"LETTERBOX_{name}" in loaded.stderr
    assert sentence in loaded.stderr
    assert len(loaded.stderr.splitlines()) == 1


def test_a_secret_is_not_given_twice(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40)

    loaded = load(tmp_path, SECRET_KEY="s" * 40, SECRET_KEY_FILE=str(file))

    assert loaded.returncode == 1
    assert "or LETTERBOX_SECRET_KEY_FILE, not both." in loaded.stderr
    assert "sss" not in loaded.stderr


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n")

    loaded = load(tmp_path, SECRET_KEY_FILE=str(file))

    assert loaded.returncode == 0, loaded.stderr
    assert not (tmp_path / "secret-key").exists()


def test_the_secret_key_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    load(tmp_path)
    made = (tmp_path / "secret-key").read_text()

    load(tmp_path)

    assert (tmp_path / "secret-key").read_text() == made
    assert len(made) >= 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0


def test_a_data_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    loaded = load(file / "data")

    assert loaded.returncode == 1
    assert "cannot be" in loaded.stderr
    assert "LETTERBOX_DATA" in loaded.stderr
    assert "Traceback" not in loaded.stderr


def test_a_python_too_old_is_told() -> None:
    # An older interpreter gets no further than this package's first lines.
    code = "import sys; sys.version_info = (3, 9, 1); import letterbox"

    loaded = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert loaded.returncode == 1
    assert loaded.stderr == "Letterbox needs Python 3.11 or newer; this is 3.9.\n"
