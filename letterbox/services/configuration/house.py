"""What is set up for the whole house beside settings: looks, alerts, sign-in.

    branding        colour and logos
    alerts          who is told of trouble
    mail_sign_in    where mailboxes sign in (OAuth), by name
    user_sign_in    where people sign in (OpenID Connect), by name

Never a secret; what a document does not name is left alone. The issuers of providers are
asked before anything is changed: `ask`, then `apply` in a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Generic, TypeVar

from letterbox.models import IdentityProvider, OAuthProvider, Role, User
from letterbox.oauth import conversation
from letterbox.oauth.providers import Addresses
from letterbox.services import (
    alert_settings,
    branding,
    identity_providers,
    keys,
    oauth_providers,
)
from letterbox.services.configuration import references
from letterbox.services.identity_providers import Claim

SECTIONS = ("branding", "alerts", "mail_sign_in", "user_sign_in")
ALERT_FIELDS = ("failing_minutes", "sends_mail", "recipients", "webhook_url")

RowT = TypeVar("RowT", OAuthProvider, IdentityProvider)


@dataclass(frozen=True, slots=True)
class _Change(Generic[RowT]):
    """A provider to be saved: what the file says, and the issuer to ask, if any."""

    name: str
    row: RowT | None
    secret: str | None
    fields: dict[str, Any]
    issuer: str = ""


def document() -> dict[str, Any]:
    """All of it; equal installations give equal documents."""
    return {
        "branding": branding.as_document(),
        "alerts": _alerts(),
        "mail_sign_in": {
            row.name: _mail_provider(row) for row in OAuthProvider.objects.all()
        },
        "user_sign_in": {
            row.name: _identity_provider(row) for row in IdentityProvider.objects.all()
        },
    }


def ask(document: Mapping[str, Any]) -> dict[str, Addresses]:
    """Issuer → what it publishes, for every provider that `apply` would save.

    Talks to the network, so it comes before the transaction. Raises as `apply` does.
    """
    issuers = {
        *(change.issuer for change in _mail_changes(document)),
        *(change.issuer for change in _identity_changes(document)),
    } - {""}
    return {
        issuer: conversation.look_up(issuer, trust=keys.tls_context())
        for issuer in sorted(issuers)
    }


def apply(
    document: Mapping[str, Any], *, asked: Mapping[str, Addresses], by: User | None
) -> None:
    """Make it so, with what `ask` was told.

    Raises ValueError, KeyError, TypeError, NotPossible and OauthError.
    """
    if "branding" in document:
        branding.apply(document["branding"] or {}, by=by)
    if "alerts" in document:
        _apply_alerts(document["alerts"] or {}, by=by)
    for change in _mail_changes(document):
        oauth_providers.save(
            change.row or OAuthProvider(),
            client_secret=change.secret,
            by=by,
            addresses=asked.get(change.issuer),
            name=change.name,
            **change.fields,
        )
    for identity in _identity_changes(document):
        claims = identity.fields.pop("claims", None)
        identity_providers.save(
            identity.row,
            client_secret=identity.secret,
            by=by,
            claims=None if claims is None else _claims(claims),
            addresses=asked.get(identity.issuer),
            name=identity.name,
            **identity.fields,
        )


def _alerts() -> dict[str, Any]:
    now = alert_settings.current()
    found = {name: getattr(now, name) for name in ALERT_FIELDS}
    found["recipients"] = list(now.recipients)
    if now.sealed_secret:
        found["webhook_secret"] = references.to_environment("alerts", "webhook")
    return found


def _apply_alerts(value: dict[str, Any], *, by: User | None) -> None:
    _refuse_unknown("alerts", value, {*ALERT_FIELDS, "webhook_secret"})
    now = alert_settings.current()
    fields = {name: value.get(name, getattr(now, name)) for name in ALERT_FIELDS}
    fields["recipients"] = tuple(fields["recipients"])
    secret = references.read(value.get("webhook_secret"))
    known = asdict(now)
    is_same = all(known[name] == fields[name] for name in ALERT_FIELDS)
    if not is_same or _is_new(secret, now.sealed_secret):
        alert_settings.change(by=by, webhook_secret=secret, **fields)


def _mail_provider(row: OAuthProvider) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in oauth_providers.EDITABLE}
    found.pop("name")
    ends = row.client_secret_expires_on
    found["client_secret_expires_on"] = ends.isoformat() if ends else None
    return _with_reference(found, row.name, row.sealed_client_secret)


def _mail_changes(
    document: Mapping[str, Any],
) -> Iterator[_Change[OAuthProvider]]:
    rows = {row.name.lower(): row for row in OAuthProvider.objects.all()}
    for name, value in (document.get("mail_sign_in") or {}).items():
        row = rows.get(name.lower())
        change = _change(
            name, value, row, _mail_provider, oauth_providers.EDITABLE, set()
        )
        if change is None:
            continue
        fields = change.fields
        if fields.get("client_secret_expires_on"):
            fields["client_secret_expires_on"] = date.fromisoformat(
                str(fields["client_secret_expires_on"])
            )
        stored = row or OAuthProvider()
        kind, authorise_url, token_url, issuer = (
            fields.get(each, getattr(stored, each))
            for each in ("kind", "authorise_url", "token_url", "issuer")
        )
        if kind == "other" and not (authorise_url and token_url):
            change = replace(change, issuer=issuer)
        yield change


def _identity_provider(row: IdentityProvider) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in identity_providers.EDITABLE}
    found.pop("name")
    found["claims"] = [
        {"value": claim.value, "role": claim.role.name}
        for claim in identity_providers.claims_of(row)
    ]
    return _with_reference(found, row.name, row.sealed_client_secret)


def _identity_changes(
    document: Mapping[str, Any],
) -> Iterator[_Change[IdentityProvider]]:
    rows = {row.name.lower(): row for row in IdentityProvider.objects.all()}
    for name, value in (document.get("user_sign_in") or {}).items():
        row = rows.get(name.lower())
        change = _change(
            name,
            value,
            row,
            _identity_provider,
            identity_providers.EDITABLE,
            {"claims"},
        )
        if change is not None:
            issuer = change.fields.get("issuer", row.issuer if row else "")
            yield replace(change, issuer=issuer.rstrip("/"))


def _change(
    name: str,
    value: dict[str, Any],
    row: RowT | None,
    as_document: Callable[[RowT], dict[str, Any]],
    editable: Collection[str],
    more: set[str],
) -> _Change[RowT] | None:
    """What the file says about one provider; None where it is so already."""
    _refuse_unknown(name, value, {*editable, *more, "client_secret"})
    secret = references.read(value.get("client_secret"))
    fields = {key: value[key] for key in value if key != "client_secret"}
    stored = as_document(row) if row else {}
    sealed = row.sealed_client_secret if row else ""
    is_same = all(stored.get(key, ...) == fields[key] for key in fields)
    if row and is_same and not _is_new(secret, sealed):
        return None
    return _Change(name, row, secret, fields)


def _claims(value: list[dict[str, str]]) -> list[Claim]:
    return [Claim(str(each["value"]), _role(each["role"])) for each in value]


def _with_reference(found: dict[str, Any], name: str, sealed: str) -> dict[str, Any]:
    if sealed:
        found["client_secret"] = references.to_environment("client_secret", name)
    return found


def _is_new(secret: str | None, sealed: str) -> bool:
    if secret is None:
        return False
    return not sealed or keys.open_sealed(sealed) != secret


def _role(name: str) -> Role:
    found = Role.objects.filter(name=name).first()
    if found is None:
        raise ValueError(f"There is no role {name}. Write it under roles.")
    return found


def _refuse_unknown(place: str, value: Mapping[str, Any], known: set[str]) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{place} must be a mapping.")
    unknown = sorted(str(key) for key in set(value) - known)
    if unknown:
        raise ValueError(f"{place}: there is no {', '.join(unknown)}.")
