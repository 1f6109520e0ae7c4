"""What no file of ours may hold: where one machine keeps things, whose index it uses."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house.source import ROOT, files, text_of

# Spelt in two halves, so that this file is not a finding of its own.
INDEX_HOSTS = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry.npm" + "js.org",
    "un" + "pkg.com",
    "jsde" + "livr.net",
    "extra-index" + "-url",
    "find-" + "links",
]
PATHS_OF_A_MACHINE = re.compile(
    r"(?<![\w./~{}*;-])/(?:home|Users)/(?!anna/)\w+/"
    r"|(?<![\w./~{}*-])/(?:root|work|workspace)/\w"
    r"|[A-Z]:\\Users\\"
)


def test_no_file_names_an_index_of_packages() -> None:
    wrong = [
        (name, host)
        for name in files()
        if "/vendor/" not in name
        for host in INDEX_HOSTS
        if host in text_of(name)
    ]

    assert wrong == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    wrong = [
        (name, found.group())
        for name in files()
        if "/vendor/" not in name
        and (found := PATHS_OF_A_MACHINE.search(text_of(name)))
    ]

    assert wrong == []


def test_locked_requirements_carry_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = text_of(name).splitlines()
        pinned = [number for number, line in enumerate(lines) if "==" in line]

        assert len(pinned) > 20
        assert all("--hash=sha256:" in lines[number + 1] for number in pinned), name
        assert "://" not in text_of(name)


def test_what_we_ship_of_others_has_its_licence_beside_it() -> None:
    vendored = [name for name in files() if "/vendor/" in name]
    folders = {_package(name) for name in vendored}

    without = [
        str(folder)
        for folder in folders
        if not any((ROOT / folder).glob("LICEN[CS]E*"))
    ]

    assert vendored
    assert without == []


def test_pages_fetch_nothing_from_elsewhere() -> None:
    outside = re.compile(
        r"""(?:src|href|action)=["'](?:https?:)?//|url\(["']?(?:https?:)?//"""
    )
    wrong = [
        f"{name}: {line.strip()[:100]}"
        for name in files()
        if name.startswith(
            ("letterbox/web/templates/", "letterbox/web/static/letterbox")
        )
        and name.endswith((".html", ".css", ".js", ".svg"))
        for line in text_of(name).splitlines()
        if outside.search(line)
    ]

    assert wrong == []


def _package(name: str) -> Path:
    parts = Path(name).parts
    return Path(*parts[: parts.index("vendor") + 2])
