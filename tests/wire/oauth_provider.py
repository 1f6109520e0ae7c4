"""A sign-in provider on this machine: authorise, token, introspection, revocation.

As strict as the standards: PKCE (RFC 7636), one use for each code, rotation of refresh
tokens with the end of all of them when an old one comes back. No assertions here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})


@dataclass
class Provider:
    """What the provider knows, and how it behaves from now on."""

    port: int = 0
    client_id: str = "letterbox"
    client_secret: str = "s3cret/+:ü"
    # Who sits before the browser, and whether they consent.
    account: str = "support@acme.example"
    consents: bool = True
    rotates: bool = True
    # What it says of them in the ID token and beside it; wrong where a test wants it.
    subject: str = "anna-1"
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: KEY)
    false_key: RSAKey | None = None
    lifetime_seconds: float = 3600.0
    # Answers of the token address: "" as it should, or an OAuth error, or a status.
    trouble: str = ""
    slowness_seconds: float = 0.0
    # Called in the provider's thread before its addresses are told.
    when_looked_up: Callable[[], object] = lambda: None
    # Whether introspection finds tokens good.
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    used_refresh_tokens: dict[str, str] = field(default_factory=dict)
    access_tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def introspection_url(self) -> str:
        return f"{self.url}/introspect"

    def refreshes(self) -> int:
        """How often a refresh was asked for."""
        return sum(
            fields.get("grant_type") == "refresh_token" for _, fields in self.asked
        )

    def end_access_tokens(self) -> None:
        """As when a password is changed: no access token is good from now on."""
        self.access_tokens.clear()

    def end_everything(self) -> None:
        """As when somebody takes the permission back."""
        self.access_tokens.clear()
        self.refresh_tokens.clear()

    def consent(self, url: str) -> str:
        """What a person's browser does there; returns where it is sent back to."""
        query = dict(parse_qsl(urlsplit(url).query))
        back = {"state": query["state"], "iss": self.url}
        if not self.consents:
            return f"{query['redirect_uri']}?{urlencode({**back, 'error': 'access_denied'})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({**back, 'code': code})}"

    def token(self, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.trouble.isdecimal():
            return int(self.trouble), {}
        if self.trouble:
            return 400, {"error": self.trouble, "error_description": "So it is."}
        with self.lock:
            if fields["grant_type"] == "refresh_token":
                return self._refresh(fields["refresh_token"])
            return self._exchange(fields)

    def _exchange(self, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        query = self.codes.pop(fields["code"], None)
        digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            query is None
            or query["code_challenge_method"] != "S256"
            or query["code_challenge"] != challenge
            or query["redirect_uri"] != fields["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": self.client_id,
            "sub": self.subject,
            "email": self.account,
            "nonce": query.get("nonce"),
            "iat": now,
            "exp": now + 300,
            **self.claims,
        }
        key = self.false_key or self.key
        id_token = jwt.encode({"alg": "RS256", "kid": "first"}, claims, key)
        return 200, self._tokens(self.account) | {"id_token": id_token}

    def _refresh(self, token: str) -> tuple[int, dict[str, Any]]:
        if token in self.used_refresh_tokens:
            # RFC 9700, section 4.14.2: somebody else has it too.
            self.end_everything()
        account = self.refresh_tokens.get(token)
        if account is None:
            return 400, {"error": "invalid_grant", "error_description": "Expired."}
        if self.rotates:
            self.used_refresh_tokens[token] = self.refresh_tokens.pop(token)
            return 200, self._tokens(account)
        answer = self._tokens(account)
        self.refresh_tokens.pop(answer.pop("refresh_token"))
        return 200, answer

    def _tokens(self, account: str) -> dict[str, Any]:
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.access_tokens[access] = account, time.time() + self.lifetime_seconds
        self.refresh_tokens[refresh] = account
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": int(self.lifetime_seconds),
        }

    def is_good(self, token: str) -> str:
        """Whose access token this is; empty when it is not, or no more."""
        account, until = self.access_tokens.get(token, ("", 0.0))
        return account if time.time() < until else ""


@contextmanager
def provider() -> Iterator[Provider]:
    """Run one until the block ends."""
    known = Provider()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                known.when_looked_up()
                self._answer(
                    200,
                    {
                        "issuer": known.url,
                        "authorization_endpoint": f"{known.url}/authorise",
                        "token_endpoint": f"{known.url}/token",
                        "revocation_endpoint": f"{known.url}/revoke",
                        "jwks_uri": f"{known.url}/keys",
                        "userinfo_endpoint": f"{known.url}/userinfo",
                    },
                )
            elif self.path.startswith("/authorise?"):
                # Whoever comes here has signed in long ago.
                self.send_response(302)
                self.send_header("Location", known.consent(self.path))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif self.path == "/keys":
                self._answer(200, {"keys": [known.key.as_dict(private=False)]})
            elif self.path == "/userinfo":
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                said = {"sub": known.subject, **known.userinfo}
                self._answer(200 if known.is_good(token) else 401, said)
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            fields = {name: each[0] for name, each in parse_qs(body).items()}
            known.asked.append((self.path, fields))
            time.sleep(known.slowness_seconds)
            if self.path == "/introspect":
                account = known.is_good(fields["token"])
                self._answer(200, {"active": bool(account), "email": account})
            elif not self._is_client(fields):
                self._answer(401, {"error": "invalid_client"})
            elif self.path == "/revoke":
                known.refresh_tokens.pop(fields["token"], None)
                self._answer(200, {})
            else:
                self._answer(*known.token(fields))

        def _is_client(self, fields: dict[str, str]) -> bool:
            given = self.headers.get("Authorization", "").removeprefix("Basic ")
            name, _, secret = base64.b64decode(given).decode().partition(":")
            pair = (unquote_plus(name), unquote_plus(secret))
            return pair == (known.client_id, known.client_secret)

        def _answer(self, status: int, said: dict[str, Any]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        known.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join(timeout=10)
