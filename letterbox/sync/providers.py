"""Where the mail of well-known providers is, so that nobody has to look it up.

Data only. `discovery` finds the provider of an address; what is found is a proposal
in a form, never used without a person.
"""

from __future__ import annotations

from dataclasses import dataclass

ASKS_FOR_AN_OWN_ONE = (
    "This provider asks programs for an app password. Make one in the security "
    "settings of the account and enter it here instead of the usual one."
)
IMAP_IS_OFF = (
    "IMAP is off until it is switched on in the settings of the account, under mail "
    "programs or POP and IMAP."
)


@dataclass(frozen=True, slots=True)
class Place:
    """Host, port and encryption (tls, starttls, none) of one protocol."""

    host: str
    port: int
    encryption: str = "tls"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider: `domains` are those of its own addresses, `exchangers` ends of MX.

    `saves_sent` says that its SMTP server puts a copy into Sent by itself.
    """

    name: str
    label: str
    imap: Place
    smtp: Place
    domains: tuple[str, ...] = ()
    exchangers: tuple[str, ...] = ()
    hint: str = ""
    saves_sent: bool = False


PROVIDERS = (
    Provider(
        "gmail",
        "Gmail",
        Place("imap.gmail.com", 993),
        Place("smtp.gmail.com", 465),
        ("gmail.com", "googlemail.com"),
        ("google.com", "googlemail.com"),
        ASKS_FOR_AN_OWN_ONE,
        saves_sent=True,
    ),
    Provider(
        "microsoft-365",
        "Microsoft 365",
        Place("outlook.office365.com", 993),
        Place("smtp.office365.com", 587, "starttls"),
        ("onmicrosoft.com",),
        ("protection.outlook.com", "mx.microsoft"),
        "Microsoft 365 takes no passwords over IMAP unless an administrator there "
        "allows it for this mailbox.",
        saves_sent=True,
    ),
    Provider(
        "outlook",
        "Outlook.com",
        Place("outlook.office365.com", 993),
        Place("smtp-mail.outlook.com", 587, "starttls"),
        ("outlook.com", "hotmail.com", "live.com", "msn.com"),
        ("olc.protection.outlook.com",),
        ASKS_FOR_AN_OWN_ONE,
        saves_sent=True,
    ),
    Provider(
        "yahoo",
        "Yahoo",
        Place("imap.mail.yahoo.com", 993),
        Place("smtp.mail.yahoo.com", 465),
        ("yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.co.uk", "ymail.com"),
        ("yahoodns.net",),
        ASKS_FOR_AN_OWN_ONE,
        saves_sent=True,
    ),
    Provider(
        "icloud",
        "iCloud",
        Place("imap.mail.me.com", 993),
        Place("smtp.mail.me.com", 587, "starttls"),
        ("icloud.com", "me.com", "mac.com"),
        ("icloud.com",),
        ASKS_FOR_AN_OWN_ONE,
    ),
    Provider(
        "gmx",
        "GMX",
        Place("imap.gmx.net", 993),
        Place("mail.gmx.net", 465),
        ("gmx.de", "gmx.net", "gmx.at", "gmx.ch"),
        ("gmx.net",),
        IMAP_IS_OFF,
    ),
    Provider(
        "gmx-com",
        "GMX (international)",
        Place("imap.gmx.com", 993),
        Place("mail.gmx.com", 465),
        ("gmx.com", "gmx.us", "gmx.co.uk", "gmx.fr"),
        hint=IMAP_IS_OFF,
    ),
    Provider(
        "web-de",
        "WEB.DE",
        Place("imap.web.de", 993),
        Place("smtp.web.de", 587, "starttls"),
        ("web.de",),
        ("web.de",),
        IMAP_IS_OFF,
    ),
    Provider(
        "t-online",
        "Telekom",
        Place("secureimap.t-online.de", 993),
        Place("securesmtp.t-online.de", 465),
        ("t-online.de", "magenta.de"),
        ("t-online.de",),
    ),
    Provider(
        "ionos",
        "IONOS",
        Place("imap.ionos.de", 993),
        Place("smtp.ionos.de", 465),
        exchangers=("kundenserver.de", "ionos.de"),
    ),
    Provider(
        "ionos-com",
        "IONOS (international)",
        Place("imap.ionos.com", 993),
        Place("smtp.ionos.com", 465),
        exchangers=("ionos.com", "perfora.net"),
    ),
    Provider(
        "strato",
        "STRATO",
        Place("imap.strato.de", 993),
        Place("smtp.strato.de", 465),
        exchangers=("rzone.de", "strato.de"),
    ),
    Provider(
        "mailbox-org",
        "mailbox.org",
        Place("imap.mailbox.org", 993),
        Place("smtp.mailbox.org", 465),
        ("mailbox.org",),
        ("mailbox.org",),
    ),
    Provider(
        "fastmail",
        "Fastmail",
        Place("imap.fastmail.com", 993),
        Place("smtp.fastmail.com", 465),
        ("fastmail.com", "fastmail.fm"),
        ("messagingengine.com",),
        ASKS_FOR_AN_OWN_ONE,
    ),
    Provider(
        "zoho",
        "Zoho Mail",
        Place("imap.zoho.com", 993),
        Place("smtp.zoho.com", 465),
        ("zoho.com", "zohomail.com"),
        ("zoho.com",),
        IMAP_IS_OFF,
    ),
    Provider(
        "zoho-eu",
        "Zoho Mail (Europe)",
        Place("imap.zoho.eu", 993),
        Place("smtp.zoho.eu", 465),
        ("zohomail.eu",),
        ("zoho.eu",),
        IMAP_IS_OFF,
    ),
    Provider(
        "ovh",
        "OVHcloud",
        Place("ssl0.ovh.net", 993),
        Place("ssl0.ovh.net", 465),
        exchangers=("mail.ovh.net",),
    ),
    Provider(
        "infomaniak",
        "Infomaniak",
        Place("mail.infomaniak.com", 993),
        Place("mail.infomaniak.com", 465),
        ("ik.me",),
        ("infomaniak.com", "infomaniak.ch"),
    ),
    Provider(
        "aol",
        "AOL",
        Place("imap.aol.com", 993),
        Place("smtp.aol.com", 465),
        ("aol.com",),
        hint=ASKS_FOR_AN_OWN_ONE,
    ),
)
BY_NAME = {provider.name: provider for provider in PROVIDERS}


def of_domain(domain: str) -> Provider | None:
    """The provider whose own addresses end in this domain."""
    domain = domain.lower()
    return next((each for each in PROVIDERS if domain in each.domains), None)


def of_exchanger(host: str) -> Provider | None:
    """The provider that runs this MX host; the longest fitting end wins."""
    host = host.lower().rstrip(".")
    fitting = [
        (len(end), each)
        for each in PROVIDERS
        for end in each.exchangers
        if host == end or host.endswith(f".{end}")
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None
