"""Try the settings step by step and say, for people, how far they lead.

No letter is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from letterbox.smtp import opening, signing_in
from letterbox.smtp.errors import SmtpError
from letterbox.smtp.settings import Encryption, SmtpSettings

T = TypeVar("T")


class CheckStep(StrEnum):
    """What is tried, in this order."""

    NAME = "name"
    CONNECTION = "connection"
    ENCRYPTION = "encryption"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class CheckLine:
    """How one step went: what happened, the server's own words, what to do."""

    step: CheckStep
    is_good: bool
    sentence: str
    server_words: str = ""
    advice: str = ""


def check(settings: SmtpSettings) -> tuple[CheckLine, ...]:
    """Take the steps in order; the last line is the one that failed, if one did."""
    lines: list[CheckLine] = []
    try:
        addresses = _try(lines, CheckStep.NAME, lambda: opening.resolve(settings))
        lines.append(_good(CheckStep.NAME, f"{settings.host} is {addresses[0][1][0]}."))
        wire = _try(
            lines, CheckStep.CONNECTION, lambda: opening.connect(settings, addresses)
        )
        lines.append(_good(CheckStep.CONNECTION, f"Port {settings.port} answers."))
    except SmtpError:
        return tuple(lines)
    try:
        greeting = _try(
            lines, CheckStep.ENCRYPTION, lambda: opening.secure(wire, settings)
        )
        lines.append(_good(CheckStep.ENCRYPTION, _secrecy(settings), greeting.words))
        reply = _try(lines, CheckStep.LOGIN, lambda: signing_in.log_in(wire, settings))
        lines.append(
            _good(CheckStep.LOGIN, f"{settings.login} is accepted.", str(reply))
            if reply
            else _good(CheckStep.LOGIN, "No login is set, so none was tried.")
        )
    except SmtpError:
        return tuple(lines)
    finally:
        wire.hang_up()
    return tuple(lines)


def _try(lines: list[CheckLine], step: CheckStep, act: Callable[[], T]) -> T:
    try:
        return act()
    except SmtpError as error:
        words = str(error.reply or "")
        lines.append(
            CheckLine(
                step,
                is_good=False,
                sentence=error.sentence,
                server_words=words,
                advice=error.advice,
            )
        )
        raise


def _good(step: CheckStep, sentence: str, server_words: str = "") -> CheckLine:
    return CheckLine(step, is_good=True, sentence=sentence, server_words=server_words)


def _secrecy(settings: SmtpSettings) -> str:
    if settings.encryption is Encryption.NONE:
        return "The conversation is not encrypted, as the settings say."
    return "The conversation is encrypted, and the server proved its name."
