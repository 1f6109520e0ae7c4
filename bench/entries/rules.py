"""How long a decision takes: 100 rules of 5 conditions over one letter.

The letter is new to every round, so folding its words is part of the figure; its body
has a few thousand characters in a script beyond ASCII. The trace is made as well.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from bench.result import Options, Result, percentile
from letterbox.mime.letter import Address
from letterbox.rules import conditions
from letterbox.rules.conditions import Conditions
from letterbox.rules.engine import Rule, decide
from letterbox.rules.facts import AttachedFile, Facts

NAME = "rules"

RULES = 100
ROUNDS = 500
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)

# What people look at, in turn: every rule has five of these, one after the other.
LOOKS = (
    ("subject", "contains", "word {}"),
    ("body", "contains", "satz nummer {}"),
    ("from-domain", "equals", "host{}.example"),
    ("to", "does-not-contain", "name{}"),
    ("attachment-name", "ends-with", "file{}.pdf"),
    ("new-text", "matches", "order-{}[0-9]+"),
    ("size", "greater", "{}"),
)
SENTENCE = "Guten Tag, wo bleibt die Größe 42 aus Bestellung 4711? Я жду ответа. "


def run(options: Options) -> Result:
    """Decide over and over; the figures are seconds per letter."""
    rules = [
        Rule(
            id=number, version=1, name=f"Rule {number}", conditions=_conditions(number)
        )
        for number in range(1, RULES + 1)
    ]
    decided: list[float] = []
    dumped: list[float] = []
    for number in range(options.scaled(ROUNDS, least=20)):
        facts = _letter(number)
        started = time.perf_counter()
        verdict = decide(facts, rules, now=NOW)
        decided.append(time.perf_counter() - started)
        verdict.to_json()
        dumped.append(time.perf_counter() - started)
    p50, p95 = percentile(decided, 0.5), percentile(decided, 0.95)
    rows = (
        ("step", "p50 ms", "p95 ms"),
        ("decide", f"{p50 * 1e3:.2f}", f"{p95 * 1e3:.2f}"),
        (
            "decide and write the trace",
            f"{percentile(dumped, 0.5) * 1e3:.2f}",
            f"{percentile(dumped, 0.95) * 1e3:.2f}",
        ),
    )
    parts = {
        "rules": RULES,
        "conditions": RULES * 5,
        "best": min(decided),
        "with_trace_p50": percentile(dumped, 0.5),
    }
    return Result(name=NAME, p50=p50, p95=p95, parts=dict(parts), table=rows)


def _conditions(number: int) -> Conditions:
    chosen = [LOOKS[(number + step) % len(LOOKS)] for step in range(5)]
    return conditions.load(
        {
            "all": [
                {"field": field, "operator": operator, "value": value.format(number)}
                for field, operator, value in chosen
            ]
        }
    )


def _letter(number: int) -> Facts:
    body = f"{number} " + SENTENCE * 40
    return Facts(
        message=number,
        received_at=NOW,
        ledger_position=number + 1,
        author=Address("anna@customer.example", "Anna Berg"),
        to=(Address("support@acme.example"),),
        subject=f"Bestellung {number}",
        body=body,
        new_text=body[:1_000],
        attachments=(AttachedFile("photo.jpg", "image/jpeg", 40_000),),
        size=60_000,
        mailbox_addresses=("support@acme.example",),
        own_addresses=("support@acme.example",),
    )
