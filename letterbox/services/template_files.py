"""The files that a template takes along: kept once each, named by what is in them.

A template, its clone and every version of a rule point to the same bytes. Files that no
template names any more are forgotten after a day, so that a form can be sent again.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from letterbox.mime.build import DraftAttachment
from letterbox.models import EmailTemplate, TemplateFile

MOST_FILES = 10
# Every answer goes out with them and is kept with them, so they are kept small.
MOST_BYTES = 5_000_000
NAME_LENGTH = 200
FORGOTTEN_AFTER = timedelta(days=1)
_ANY_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class File:
    """One file: its name, its type, its size in bytes, and the SHA-256 of its bytes."""

    name: str
    content_type: str
    size: int
    digest: str

    def to_json(self) -> dict[str, Any]:
        """What a template stores of it."""
        return asdict(self)


class FileTooLarge(ValueError):
    """A file is not kept; the text says how large it may be."""


class FileMissing(LookupError):
    """The bytes of a file are gone; the text says of which."""


def keep(name: str, content: bytes) -> File:
    """Keep the bytes, and say what a template stores of them. Raises FileTooLarge."""
    require_small(name, len(content))
    name = _plain(name)
    digest = hashlib.sha256(content).hexdigest()
    TemplateFile.objects.get_or_create(digest=digest, defaults={"content": content})
    return File(name, _type_of(name), len(content), digest)


def require_small(name: str, size: int) -> None:
    """Raise FileTooLarge for a file of more bytes than all of a template may have."""
    if size > MOST_BYTES:
        raise FileTooLarge(
            _("“%(name)s” has %(size)s MB; %(most)s MB are the most.")
            % {
                "name": _plain(name),
                "size": _megabytes(size),
                "most": _megabytes(MOST_BYTES),
            }
        )


def known(name: str, digest: str) -> File | None:
    """A file that was kept before, by its digest; None where it is gone."""
    row = TemplateFile.objects.filter(digest=digest[:64]).only("content").first()
    if row is None:
        return None
    name = _plain(name)
    return File(name, _type_of(name), len(row.content), row.digest)


def of_json(rows: Iterable[Mapping[str, Any]]) -> tuple[File, ...]:
    """What a template stores, as files."""
    return tuple(File(**row) for row in rows)


def problems(files: Sequence[File]) -> list[str]:
    """Why these files cannot go out together; empty when they can."""
    found = []
    if len(files) > MOST_FILES:
        found.append(_("Attach at most %d files.") % MOST_FILES)
    size = sum(each.size for each in files)
    if size > MOST_BYTES:
        found.append(
            _("These files have %(size)s MB; %(most)s MB are the most.")
            % {"size": _megabytes(size), "most": _megabytes(MOST_BYTES)}
        )
    return found


def read(files: Sequence[File]) -> tuple[DraftAttachment, ...]:
    """The files as a letter takes them. Raises FileMissing."""
    if not files:
        return ()
    rows = TemplateFile.objects.filter(digest__in=[each.digest for each in files])
    contents = {row.digest: bytes(row.content) for row in rows}
    for each in files:
        if each.digest not in contents:
            raise FileMissing(
                _("Its file “%s” is missing; attach it again.") % each.name
            )
    return tuple(
        DraftAttachment(each.name, contents[each.digest], each.content_type)
        for each in files
    )


def forget_unused() -> None:
    """Remove the bytes that no template has named for a day."""
    named = {
        each["digest"]
        for rows in EmailTemplate.objects.exclude(attachments=[]).values_list(
            "attachments", flat=True
        )
        for each in rows
    }
    before = timezone.now() - FORGOTTEN_AFTER
    TemplateFile.objects.filter(created_at__lt=before).exclude(
        digest__in=named
    ).delete()


def _plain(name: str) -> str:
    """The last part of a name, without what no header and no disk can hold."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable())[:NAME_LENGTH] or "file"


def _type_of(name: str) -> str:
    guessed = mimetypes.guess_type(name)[0] or _ANY_TYPE
    # A letter within a letter would be read as one.
    return _ANY_TYPE if guessed.startswith(("message/", "multipart/")) else guessed


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}".removesuffix(".0")
