"""`letterbox import MAILBOX PATH`: old letters from mbox, Maildir or .eml, as history."""

from __future__ import annotations

import argparse

from django.db.models import Q

from letterbox.inbound import files, importing
from letterbox.inbound.importing import Figures
from letterbox.management import migrate
from letterbox.management.cli import Mistake
from letterbox.management.run import say
from letterbox.models import Mailbox
from letterbox.services import settings


def command(arguments: argparse.Namespace) -> int:
    """Take the letters in and say how many there were."""
    migrate.migrate()
    mailbox = _mailbox(arguments.mailbox)
    letters = files.letters_in(
        arguments.path, most_bytes=settings.largest_letter_bytes()
    )
    try:
        figures = importing.take_in(
            mailbox,
            letters,
            folder_name=arguments.folder or f"Imported {arguments.path.stem}",
            tell=lambda figures: say(f"{figures.taken:,} letters taken …"),
        )
    except files.NotLetters as error:
        raise Mistake(str(error)) from error
    except OSError as error:
        raise Mistake(f"{error.filename} cannot be read: {error.strerror}.") from error
    say(_summary(mailbox, figures))
    return 0


def _mailbox(name: str) -> Mailbox:
    found = Mailbox.objects.filter(Q(address__iexact=name) | Q(label__iexact=name))
    mailbox = found.first()
    if mailbox is None:
        known = ", ".join(Mailbox.objects.values_list("address", flat=True))
        raise Mistake(f"There is no mailbox {name}. There are: {known or 'none yet'}.")
    return mailbox


def _summary(mailbox: Mailbox, figures: Figures) -> str:
    sentences = [f"{figures.taken:,} letters were taken into {mailbox.label}."]
    if figures.known:
        sentences.append(f"{figures.known:,} were there already.")
    if figures.too_large:
        sentences.append(
            f"{figures.too_large:,} are too large; see “Letters that come in” in Settings."
        )
    if figures.empty:
        sentences.append(f"{figures.empty:,} were empty.")
    return " ".join(sentences)
