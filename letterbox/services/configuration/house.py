"""What is set up for the whole house beside settings: looks, alerts, sign-in.

    branding        colour and logos
    alerts          who is told of trouble
    mail_sign_in    where mailboxes sign in (OAuth), by name
    user_sign_in    where people sign in (OpenID Connect), by name

Never a secret; what a document does not name is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from letterbox.models import IdentityProvider, OAuthProvider, Role, User
from letterbox.services import (
    alert_settings,
    branding,
    identity_providers,
    oauth_providers,
)
from letterbox.services.configuration import references
from letterbox.services.identity_providers import Claim
from letterbox.services.keys import keyring

SECTIONS = ("branding", "alerts", "mail_sign_in", "user_sign_in")
ALERT_FIELDS = ("failing_minutes", "sends_mail", "recipients", "webhook_url")


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


def apply(document: Mapping[str, Any], *, by: User | None) -> None:
    """Make it so. Raises ValueError, KeyError, NotPossible and OauthError."""
    if "branding" in document:
        branding.apply(document["branding"] or {}, by=by)
    if "alerts" in document:
        _apply_alerts(document["alerts"] or {}, by=by)
    for name, value in (document.get("mail_sign_in") or {}).items():
        _apply_mail_provider(name, value, by=by)
    for name, value in (document.get("user_sign_in") or {}).items():
        _apply_identity_provider(name, value, by=by)


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


def _apply_mail_provider(name: str, value: dict[str, Any], *, by: User | None) -> None:
    _refuse_unknown(name, value, {*oauth_providers.EDITABLE, "client_secret"})
    row = OAuthProvider.objects.filter(name__iexact=name).first()
    secret = references.read(value.get("client_secret"))
    fields = {key: value[key] for key in value if key != "client_secret"}
    stored = _mail_provider(row) if row else {}
    if all(stored.get(key, ...) == fields[key] for key in fields) and not _is_new(
        secret, row.sealed_client_secret if row else ""
    ):
        return
    if fields.get("client_secret_expires_on"):
        fields["client_secret_expires_on"] = date.fromisoformat(
            str(fields["client_secret_expires_on"])
        )
    oauth_providers.save(
        row or OAuthProvider(), client_secret=secret, by=by, name=name, **fields
    )


def _identity_provider(row: IdentityProvider) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in identity_providers.EDITABLE}
    found.pop("name")
    found["claims"] = [
        {"value": claim.value, "role": claim.role.name}
        for claim in identity_providers.claims_of(row)
    ]
    return _with_reference(found, row.name, row.sealed_client_secret)


def _apply_identity_provider(
    name: str, value: dict[str, Any], *, by: User | None
) -> None:
    known = {*identity_providers.EDITABLE, "claims", "client_secret"}
    _refuse_unknown(name, value, known)
    row = IdentityProvider.objects.filter(name__iexact=name).first()
    secret = references.read(value.get("client_secret"))
    fields = {key: value[key] for key in value if key != "client_secret"}
    stored = _identity_provider(row) if row else {}
    if all(stored.get(key, ...) == fields[key] for key in fields) and not _is_new(
        secret, row.sealed_client_secret if row else ""
    ):
        return
    claims = None
    if "claims" in fields:
        claims = [
            Claim(str(each["value"]), _role(each["role"]))
            for each in fields.pop("claims")
        ]
    identity_providers.save(
        row, client_secret=secret, by=by, claims=claims, name=name, **fields
    )


def _with_reference(found: dict[str, Any], name: str, sealed: str) -> dict[str, Any]:
    if sealed:
        found["client_secret"] = references.to_environment("client_secret", name)
    return found


def _is_new(secret: str | None, sealed: str) -> bool:
    if secret is None:
        return False
    return not sealed or keyring().open_sealed(sealed) != secret


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
