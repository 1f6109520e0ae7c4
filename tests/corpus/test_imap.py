"""Real servers' words: transcripts, folder lists and folder names of the corpus."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from letterbox.imap import parser
from letterbox.imap.folder_names import role_of_name
from letterbox.imap.framing import Framer
from letterbox.imap.responses import FolderListing, Response, Unreadable

ROOT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("LETTERBOX_CORPUS", ROOT.parent / "shared" / "corpus"))

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="No corpus: set LETTERBOX_CORPUS to its folder."
)


def rows(name: str) -> list[dict[str, Any]]:
    path = CORPUS / name
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def transcript(row: dict[str, Any]) -> bytes:
    """Return the bytes with the line ends that the literals were counted with."""
    raw = (CORPUS / str(row["file"])).read_bytes()
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def by_id(row: dict[str, Any]) -> str:
    return str(row["id"])


@pytest.mark.parametrize("row", rows("imap_transcripts.jsonl"), ids=by_id)
def test_a_transcript_is_read_the_same_in_any_pieces(row: dict[str, Any]) -> None:
    data = transcript(row)

    at_once = parser.read_all(data)

    assert at_once
    # One recorded literal is two bytes short, and leaves a lone parenthesis.
    odd = [one for one in at_once if isinstance(one, Unreadable)]
    assert odd in ([], [Unreadable(b")")])
    for size in (1, 2, 3, 61):
        framer = Framer()
        slowly: list[Response] = []
        for start in range(0, len(data), size):
            framer.feed(data[start : start + size])
            slowly += parser.responses_in(framer)
        assert slowly == at_once
        assert framer.is_empty


@pytest.mark.parametrize("row", rows("imap_folder_lists.jsonl"), ids=by_id)
def test_a_folder_list_is_read_as_expected(row: dict[str, Any]) -> None:
    listings = {
        one.wire_name: one
        for one in parser.read_all(transcript(row))
        if isinstance(one, FolderListing)
    }

    for folder in row["expect"]["folders"]:
        if folder["raw_name"].startswith("{"):
            # The expectation was taken by a regular expression that knows no literals.
            assert "Literal Folder Name" in listings
            continue
        listing = listings[folder["raw_name"]]
        assert listing.name == folder["name"]
        assert listing.delimiter == folder["delimiter"]
        assert list(listing.attributes) == folder["flags"]
        assert listing.command == folder["cmd"]


@pytest.mark.parametrize("row", rows("special_use_names.jsonl"), ids=by_id)
def test_a_folder_name_tells_its_role(row: dict[str, Any]) -> None:
    role = role_of_name(row["folder_name"])

    assert (f"\\{role.capitalize()}" if role else None) == row["expect"]["role"]
