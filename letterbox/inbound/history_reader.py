"""What a process imports that reads the letters of a history; see history_reading.

Imported once, before the readers fork off, and by nobody else: it sets Django up.
"""

import gc

import django

django.setup()

# Needs Django set up.
from letterbox.inbound import (  # noqa: E402
    described,
    history_reading,
    joining,
    reading,
    thread_facts,
)
from letterbox.mime import bounces, language, parse, subjects  # noqa: E402
from letterbox.mime.classify import classify  # noqa: E402
from letterbox.services import folds, letters  # noqa: E402

__all__ = [
    "bounces",
    "classify",
    "described",
    "folds",
    "history_reading",
    "joining",
    "language",
    "letters",
    "parse",
    "reading",
    "subjects",
    "thread_facts",
]

# What is there now stays: looking through it again and again would take a tenth of the
# time, and would copy the memory that the readers share.
gc.freeze()
