"""Fill a database with a big house, and time each of its pages. Prints JSON.

Run by `bench.page_times` in a process of its own, with the settings of Django in its
environment. The figures are seconds of one process from request to answer, without the
network: by the clock, and of its own work, which a busy machine disturbs less.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import time
from collections.abc import Iterator
from itertools import islice

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from letterbox.management import migrate  # noqa: E402

# Warming up: templates are compiled, plans are made.
WARM_UP = 3


def main(house: str, rounds: int) -> None:
    """Measure the pages of one house, and print page → pairs of seconds."""
    migrate.migrate()
    user, addresses = importlib.import_module(f"bench.{house}").fill()
    with connection.cursor() as cursor:
        # As a database that has run for a day; else its plans are guesses.
        cursor.execute("VACUUM ANALYZE")
    client = Client()
    client.force_login(user)
    figures: dict[str, list[tuple[float, float]]] = {}
    for address in addresses:
        figures[_name(address)] = list(
            islice(_times(client, address), WARM_UP, rounds + WARM_UP)
        )
    print(json.dumps(figures))


def _times(client: Client, address: str) -> Iterator[tuple[float, float]]:
    """Pairs without end; `/address#pane` asks for that part, as htmx does."""
    page, _, part = address.partition("#")
    headers = {"HX-Request": "true", "HX-Target": part} if part else {}
    while True:
        started, worked = time.perf_counter(), time.process_time()
        answer = client.get(page, headers=headers)
        yield time.perf_counter() - started, time.process_time() - worked
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}.")


def _name(address: str) -> str:
    """The address with its numbers as N."""
    return re.sub(r"(?<=[/=])\d+\b", "N", address)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
