"""Which mailbox names belong to machines, by the local part alone.

Knows names only; what follows from one is decided where it is asked.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

MAX_LOCAL_PART = 200


class AddressKind(StrEnum):
    """What stands behind a machine's mailbox name."""

    MAIL_SYSTEM = "mail-system"
    LIST_MANAGER = "list-manager"
    NO_REPLY = "no-reply"
    ROBOT = "robot"


def kind_of_address(email: str) -> AddressKind | None:
    """Tell the machine that owns this address, or None where a person may.

    RFC 3834, section 2, names the first two groups: nothing answers MAILER-DAEMON,
    owner-..., ...-request and their like.
    """
    local_part = email.rpartition("@")[0] or email
    return _kind_of_name(local_part[:MAX_LOCAL_PART])


# One letter asks three or four times for the same name; the keys are short.
@lru_cache(maxsize=1_024)
def _kind_of_name(local_part: str) -> AddressKind | None:
    name = local_part.strip(" <>\"'").lower()
    base = name.partition("+")[0]
    known = _EXACT.get(base)
    if known is not None:
        return known
    if name.startswith(_ANY_PREFIX):
        return next(kind for start, kind in _PREFIXES if name.startswith(start))
    if base.endswith(_ANY_SUFFIX):
        return next(kind for end, kind in _SUFFIXES if base.endswith(end))
    squeezed = base.translate(_WITHOUT_SEPARATORS)
    if len(squeezed) >= _SHORTEST and any(words in squeezed for words in _NO_REPLY):
        return AddressKind.NO_REPLY
    return _EXACT.get(squeezed)


_EXACT = {
    **dict.fromkeys(
        [
            "mailer-daemon",
            "mailerdaemon",
            "maildaemon",
            "postmaster",
            "daemon",
            "mdaemon",
            "mmdf",
            "mail-daemon",
            "mail_daemon",
            "mailsystem",
            "mail-system",
            "mail-delivery-subsystem",
            "mailerdeamon",
            "mailer-deamon",
            "maildeliverysubsystem",
            "microsoftexchange",
            "mailgateway",
            "bounce",
            "bounces",
        ],
        AddressKind.MAIL_SYSTEM,
    ),
    **dict.fromkeys(
        [
            "listserv",
            "majordomo",
            "listproc",
            "mailman",
            "ezmlm",
            "sympa",
            "ecartis",
            "listmaster",
            "smartlist",
            "minimalist",
            "mlmmj",
            "lyris",
        ],
        AddressKind.LIST_MANAGER,
    ),
    # Not root: on small systems people write as root, and what cron sends says so.
    **dict.fromkeys(
        [
            "nobody",
            "cron",
            "anacron",
            "uucp",
            "apache",
            "httpd",
            "nginx",
            "www-data",
            "wwwdata",
            "wwwrun",
            "nagios",
            "icinga",
            "logwatch",
            "logcheck",
            "devnull",
            "dev-null",
            "null",
            "autoresponder",
            "autoresponse",
            "autoreply",
            "auto-reply",
            "autoreplies",
            "automailer",
            "autosvar",
            "notification",
            "notifications",
            "notify",
            "notifier",
            "alert",
            "alerts",
            "newsletter",
            "newsletters",
            "mailer",
            "automated",
            "automatic",
            "system-notification",
        ],
        AddressKind.ROBOT,
    ),
}

_PREFIXES = (
    ("owner-", AddressKind.LIST_MANAGER),
    ("mailer-daemon", AddressKind.MAIL_SYSTEM),
    ("mailerdaemon", AddressKind.MAIL_SYSTEM),
    ("postmaster", AddressKind.MAIL_SYSTEM),
    ("bounce-", AddressKind.MAIL_SYSTEM),
    ("bounces-", AddressKind.MAIL_SYSTEM),
    ("microsoftexchange329e71ec88ae4615bbc36ab6ce41109e", AddressKind.MAIL_SYSTEM),
)

_SUFFIXES = (
    ("-request", AddressKind.LIST_MANAGER),
    ("-owner", AddressKind.LIST_MANAGER),
    ("-bounces", AddressKind.LIST_MANAGER),
    ("-bounce", AddressKind.LIST_MANAGER),
    ("-daemon", AddressKind.MAIL_SYSTEM),
    ("-notification", AddressKind.ROBOT),
    ("-notifications", AddressKind.ROBOT),
    ("-notify", AddressKind.ROBOT),
    ("-autoreply", AddressKind.ROBOT),
)

# "Do not reply" as people write it into an address, without its separators.
_NO_REPLY = (
    "noreply",
    "donotreply",
    "dontreply",
    "notreply",
    "noresponse",
    "donotrespond",
    "unattended",
    "unmonitored",
    "nichtantworten",
    "keineantwort",
    "nepasrepondre",
    "norepondre",
    "noresponder",
    "norespondas",
    "naoresponda",
    "naoresponder",
    "nonrispondere",
    "norispondere",
    "nietbeantwoorden",
    "nietantwoorden",
    "geenantwoord",
    "svarainte",
    "svarikke",
    "ikkesvar",
    "besvarejikke",
    "alavastaa",
    "eivastausta",
    "nieodpowiadaj",
    "neodpovidat",
    "neodpovidejte",
    "neodpovedat",
    "nevalaszolj",
    "nuraspunde",
    "neotgovaryay",
    "neotvechat",
    "cevaplamayin",
    "yanitlamayin",
    "autoreply",
    "autoresponder",
)

_ANY_PREFIX = tuple(start for start, _ in _PREFIXES)
_ANY_SUFFIX = tuple(end for end, _ in _SUFFIXES)
_SHORTEST = min(map(len, _NO_REPLY))
_WITHOUT_SEPARATORS = str.maketrans("", "", "-_.")
