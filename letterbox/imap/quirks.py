"""What is particular about the big providers, one row each.

A row holds numbers and habits that a server does not announce by itself. What can
be asked of `Capabilities` is not here, and what every server may do (an empty
answer to ENABLE, a FETCH without UID, NO for one letter) is handled for all of them.

The numbers are from the providers' own pages and from public reports; they are
courtesies, and `Throttled` is the truth.
"""

from dataclasses import dataclass, field

from letterbox.imap.capabilities import Capabilities
from letterbox.imap.folder_names import FolderRole

_MEGABYTE = 1_000_000
# RFC 2177 section 3: servers may log out who idles for 30 minutes.
_IDLE_SECONDS = 28 * 60


@dataclass(frozen=True, slots=True)
class Quirks:
    """How to treat one kind of server."""

    name: str
    # Connections that one mailbox may hold at the same time, ours and others'.
    max_connections: int = 10
    # IDLE is ended and begun again after so long; 0 where there is no use in it.
    idle_seconds: int = _IDLE_SECONDS
    # A connection that does not idle must say something that often.
    silence_seconds: int = 25 * 60
    # Say STATUS instead of NOOP, which these servers do not count as a sign of life.
    keeps_alive_by_status: bool = False
    daily_download_bytes: int | None = None
    daily_upload_bytes: int | None = None
    # Letters sent over the provider's SMTP appear in Sent by themselves.
    files_sent_itself: bool = False
    # UIDs in one FETCH.
    fetch_batch: int = 250
    # Only so many of the newest letters of a folder are shown to anyone.
    newest_letters: int | None = None
    # A letter may be announced before it can be fetched: an absent one may come yet.
    shows_letters_late: bool = False
    # RFC822.SIZE is a guess; the length of the literal is the truth.
    sizes_are_guesses: bool = False
    # Passwords are never taken, only access tokens.
    needs_oauth: bool = False
    # The password is one made for programs, not the person's own.
    needs_app_password: bool = False
    # The same letter lies in many folders; those with these roles hold all of them.
    whole_mail_in: tuple[FolderRole, ...] = ()
    # How the server is known: the end of its host name, what it can do, its ID name.
    hosts: tuple[str, ...] = field(default=(), repr=False)
    capability: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)


ORDINARY = Quirks("other")

PROVIDERS: tuple[Quirks, ...] = (
    Quirks(
        "Gmail",
        # Fifteen in all; the people with their phones need some.
        max_connections=5,
        idle_seconds=9 * 60,
        daily_download_bytes=2_500 * _MEGABYTE,
        daily_upload_bytes=500 * _MEGABYTE,
        files_sent_itself=True,
        needs_app_password=True,
        whole_mail_in=(FolderRole.ALL, FolderRole.JUNK, FolderRole.TRASH),
        hosts=("gmail.com", "googlemail.com"),
        capability="X-GM-EXT-1",
        identity="gimap",
    ),
    Quirks(
        "Microsoft 365",
        max_connections=8,
        files_sent_itself=True,
        shows_letters_late=True,
        sizes_are_guesses=True,
        needs_oauth=True,
        hosts=("office365.com", "outlook.com", "hotmail.com", "office.com"),
    ),
    Quirks(
        "Exchange",
        max_connections=8,
        shows_letters_late=True,
        sizes_are_guesses=True,
        capability="CLIENTACCESSRULES",
        identity="microsoft.exchange",
    ),
    Quirks(
        "Yahoo",
        max_connections=3,
        idle_seconds=3 * 60,
        files_sent_itself=True,
        fetch_batch=100,
        newest_letters=10_000,
        needs_app_password=True,
        hosts=("yahoo.com", "yahoo.co.jp", "aol.com", "verizon.net", "yahoodns.net"),
        capability="XYMHIGHESTMODSEQ",
    ),
    Quirks(
        "iCloud",
        max_connections=5,
        needs_app_password=True,
        hosts=("mail.me.com", "icloud.com"),
        capability="XAPPLEPUSHSERVICE",
    ),
    Quirks(
        "NetEase",
        max_connections=3,
        # No IDLE worth the name, and NOOP does not count.
        idle_seconds=0,
        silence_seconds=4 * 60,
        keeps_alive_by_status=True,
        needs_app_password=True,
        hosts=("163.com", "126.com", "yeah.net", "netease.com"),
        identity="coremail",
    ),
    Quirks(
        "QQ",
        max_connections=3,
        silence_seconds=4 * 60,
        keeps_alive_by_status=True,
        needs_app_password=True,
        hosts=("qq.com", "exmail.qq.com"),
    ),
    Quirks(
        "Zoho",
        idle_seconds=55,
        silence_seconds=4 * 60,
        files_sent_itself=True,
        hosts=("zoho.com", "zoho.eu", "zoho.in", "zohocloud.ca", "zoho.com.au"),
    ),
    Quirks(
        "Rambler",
        idle_seconds=55,
        hosts=("rambler.ru", "lenta.ru", "myrambler.ru"),
    ),
    Quirks(
        "Naver",
        idle_seconds=55,
        hosts=("naver.com",),
    ),
    Quirks(
        "Yandex",
        files_sent_itself=True,
        needs_app_password=True,
        hosts=("yandex.ru", "yandex.com", "yandex.net", "ya.ru"),
    ),
    Quirks(
        "Lark",
        needs_app_password=True,
        hosts=("larksuite.com", "feishu.cn"),
    ),
    Quirks(
        "Courier",
        # MAXPERIP is 4 as shipped.
        max_connections=3,
        identity="courier",
    ),
    Quirks(
        "Dovecot",
        # mail_max_userip_connections is 10 as shipped.
        max_connections=6,
        identity="dovecot",
    ),
)


def quirks_for(
    host: str, capabilities: Capabilities, identity: dict[str, str] | None = None
) -> Quirks:
    """Return the row for a server, by what it says of itself or by its name.

    `identity` is what it answered to ID, field names in lower case.
    """
    name = (identity or {}).get("name", "").casefold()
    for row in PROVIDERS:
        if row.capability and row.capability in capabilities.names:
            return row
        if row.identity and name.startswith(row.identity):
            return row
        if _is_one_of(host, row.hosts):
            return row
    return ORDINARY


def _is_one_of(host: str, domains: tuple[str, ...]) -> bool:
    lower = host.casefold().rstrip(".")
    return any(lower == one or lower.endswith("." + one) for one in domains)
