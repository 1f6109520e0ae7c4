"""Every setting there is: from the environment, prefix `LETTERBOX_`, parsed strictly.

`LETTERBOX_NAME_FILE` may name a file that holds the value, for secrets. Mailboxes,
rules and templates are data and never settings. docs/reference/settings.md lists all.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured


def _text(name: str, default: str = "") -> str:
    """The setting as text; a file named by `…_FILE` wins over nothing, not over both."""
    plain = os.environ.get(f"LETTERBOX_{name}")
    file = os.environ.get(f"LETTERBOX_{name}_FILE")
    if plain is not None and file is not None:
        raise ImproperlyConfigured(
            f"Set LETTERBOX_{name} or LETTERBOX_{name}_FILE, not both."
        )
    if file is None:
        return default if plain is None else plain
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"LETTERBOX_{name}_FILE names {file}, which cannot be read: "
            f"{error.strerror}. Create it or correct the path."
        ) from error


def _flag(name: str, *, default: bool) -> bool:
    value = _text(name, "yes" if default else "no").strip().lower()
    if value in {"yes", "true", "on", "1"}:
        return True
    if value in {"no", "false", "off", "0"}:
        return False
    raise ImproperlyConfigured(f"LETTERBOX_{name} must be yes or no, not {value!r}.")


def _number(name: str, default: int, *, low: int, high: int) -> int:
    value = _text(name, str(default)).strip()
    if not value.isdecimal() or not low <= int(value) <= high:
        raise ImproperlyConfigured(
            f"LETTERBOX_{name} must be a whole number from {low} to {high}, "
            f"not {value!r}."
        )
    return int(value)


def _list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in _text(name, default).split(",") if part.strip()]


def _cores() -> int:
    """The cores that this process may use, which on a shared machine are fewer."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _database(url: str) -> dict[str, Any]:
    """Django's database settings for a PostgreSQL address."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "LETTERBOX_DATABASE_URL must look like "
            "postgresql://user:password@host:5432/letterbox."
        )
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    if _flag("DATABASE_POOL", default=True):
        options["pool"] = {
            "min_size": 1,
            "max_size": _number("DATABASE_POOL_SIZE", 20, low=2, high=500),
            "timeout": 15,
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "letterbox",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": options.pop("port", parts.port or ""),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": True,
    }


def _secret_key(folder: Path) -> str:
    """The setting, else a key made once and kept in the data folder."""
    given = _text("SECRET_KEY")
    if given:
        if len(given) < 32:
            raise ImproperlyConfigured(
                "LETTERBOX_SECRET_KEY is too short; use at least 32 characters."
            )
        return given
    file = folder / "secret-key"
    try:
        with contextlib.suppress(FileNotFoundError):
            return file.read_text(encoding="ascii").strip()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = folder / f".secret-key-{secrets.token_hex(8)}"
        with open(draft, "x", encoding="ascii", opener=_private) as out:
            out.write(secrets.token_urlsafe(48))
        # Two processes may start at once: the first link wins, both read it.
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data folder {folder} cannot be used: {error.strerror}. "
            "Name another one in LETTERBOX_DATA."
        ) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _languages(folder: Path) -> list[tuple[str, str]]:
    """English, and each language that has a catalogue, by the name it gives itself."""
    codes = sorted(
        found.parent.parent.name.replace("_", "-").lower()
        for found in folder.glob("*/LC_MESSAGES/django.mo")
    )
    return [
        (code, str(LANG_INFO.get(code, {}).get("name_local", code)).capitalize())
        for code in ("en", *codes)
    ]


BASE_FOLDER = Path(__file__).resolve().parent
DATA_FOLDER = Path(_text("DATA", "data")).expanduser().resolve()

# --- Django -------------------------------------------------------------------------

DEBUG = False
SECRET_KEY = _secret_key(DATA_FOLDER)
WEB_PORT = _number("WEB_PORT", 8000, low=0, high=65535)
PUBLIC_URL = _text("URL", f"http://127.0.0.1:{WEB_PORT}").rstrip("/")
if urlsplit(PUBLIC_URL).scheme not in {"http", "https"}:
    raise ImproperlyConfigured(
        "LETTERBOX_URL must be the address people type, such as https://mail.acme.com."
    )
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or "localhost"
IS_HTTPS = PUBLIC_URL.startswith("https:")
ALLOWED_HOSTS = [PUBLIC_HOST, "localhost", "127.0.0.1", "[::1]", *_list("HOSTS")]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "letterbox.apps.LetterboxConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "letterbox.web.static_files.StaticFiles",
    "letterbox.web.csp.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "letterbox.web.once.Once",
    "letterbox.web.language.Language",
    # Every page asks for a sign-in unless it says otherwise.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "letterbox.web.doors.Doors",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "letterbox.web.two_factor.TwoFactor",
]
ROOT_URLCONF = "letterbox.urls"
ASGI_APPLICATION = "letterbox.asgi.application"
IS_DEMO = _flag("DEMO", default=False)
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_FOLDER / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "letterbox.web.csp.nonce",
                "letterbox.web.shell.shell",
                *(["letterbox.demo.views.visitor"] if IS_DEMO else []),
            ],
            "builtins": [
                "letterbox.web.tags",
                "letterbox.web.addresses",
                "letterbox.web.words",
            ],
        },
    }
]
FORM_RENDERER = "letterbox.web.forms.renderer.QuickRenderer"

# --- Database and jobs --------------------------------------------------------------

DATABASES = {
    "default": _database(_text("DATABASE_URL", "postgresql:///letterbox")),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
PROCRASTINATE_IMPORT_PATHS = [
    "letterbox.inbound.pipeline",
    "letterbox.inbound.trials",
    "letterbox.outbound.deliver",
    "letterbox.outbound.notices",
    "letterbox.services.removal",
    "letterbox.services.retention",
]
CACHES = {
    # Sign-in throttling must count over all processes: no per-process memory.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "letterbox_cache",
    }
}

# --- People -------------------------------------------------------------------------

AUTH_USER_MODEL = "letterbox.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "inbox"
ACCOUNT_ADAPTER = "letterbox.web.accounts.AccountAdapter"
ACCOUNT_FORMS = {"login": "letterbox.web.forms.sign_in.SignInForm"}
USERSESSIONS_ADAPTER = "letterbox.web.accounts.SessionsAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"provider_sign_in": "30/m/ip"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Browsers give passkeys to https only, and to localhost for a first try.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS
# An invitation works for a week.
PASSWORD_RESET_TIMEOUT = 7 * 24 * 3600
MFA_TOTP_ISSUER = "Letterbox"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https")
    if _flag("BEHIND_PROXY", default=False)
    else None
)
# Failed sign-ins are counted by the address of the browser, which a proxy tells.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if SECURE_PROXY_SSL_HEADER else 0
SILENCED_SYSTEM_CHECKS = [
    # TLS ends at the proxy in front of us, which also redirects.
    "security.W008",
    # A first try-out on a laptop has no certificate; IS_HTTPS sets all of these.
    *([] if IS_HTTPS else ["security.W004", "security.W012", "security.W016"]),
    # Who may frame a page is said by frame-ancestors; see letterbox.web.csp.
    "security.W002",
    "security.W019",
    # The secret key is made by us, or checked above.
    "security.W009",
]

# --- Languages and time -------------------------------------------------------------

# Commands and logs are in English whatever the pages speak.
LANGUAGE_CODE = "en"
LANGUAGES = _languages(BASE_FOLDER / "locale")
LANGUAGE = _text("LANGUAGE")
if LANGUAGE and LANGUAGE not in dict(LANGUAGES):
    raise ImproperlyConfigured(
        f"LETTERBOX_LANGUAGE must be one of {', '.join(dict(LANGUAGES))}."
    )
TIME_ZONE = _text("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

# --- Files --------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_FOLDER / "web" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "letterbox.web.static_files.VersionedStorage"},
}
# Files are served straight from the package: no build step.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 60 * 1024 * 1024

# --- Mail ---------------------------------------------------------------------------

KEY_FILE = Path(_text("KEY_FILE_PATH", str(DATA_FOLDER / "mailbox-key")))
SECRET_KEYS = _list("MAILBOX_KEYS")
CONNECT_TIMEOUT_SECONDS = _number("CONNECT_TIMEOUT", 20, low=1, high=300)
LARGEST_LETTER_BYTES = _number("LARGEST_LETTER_MB", 50, low=1, high=1000) * 1_000_000
UNDO_SECONDS = _number("UNDO_SECONDS", 10, low=0, high=120)
TRUSTED_CA_FILE = _text("CA_FILE")
ALLOWED_MAIL_HOSTS = _list("ALLOWED_MAIL_HOSTS", "*")

# --- Processes ----------------------------------------------------------------------

WEB_HOST = _text("WEB_HOST", "127.0.0.1")
WORKER_CONCURRENCY = _number("WORKER_CONCURRENCY", 4, low=1, high=64)
READERS = _number("READERS", _cores(), low=1, high=64)
DEMO_SMTP_PORT = _number("DEMO_SMTP_PORT", 0, low=0, high=65535)
DEMO_IMAP_PORT = _number("DEMO_IMAP_PORT", 0, low=0, high=65535)

LOG_LEVEL = _text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured(
        "LETTERBOX_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR."
    )
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "letterbox": {"level": LOG_LEVEL},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
