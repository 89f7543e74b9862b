"""The settings, all of them, read once from the environment.

`docs/configuration.md` explains every variable. A variable that is set to something
unusable stops the start with a sentence that says what to type.
"""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from ledger import note
from lib import logs

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()


def env_bool(name: str, *, default: bool) -> bool:
    # django-environ reads every word it does not know as False.
    value: str = env.str(name, default=str(default))
    if value not in ("True", "False"):
        raise ImproperlyConfigured(f"{name} is {value!r}: write True or False.")
    return value == "True"


def env_int(name: str, *, default: int, minimum: int = 0) -> int:
    value = env.str(name, default=str(default))
    if not value.isascii() or not value.isdigit() or int(value) < minimum:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: write a whole number of at least {minimum}."
        )
    return int(value)


def env_choice(name: str, *, choices: list[str], default: str) -> str:
    value: str = env.str(name, default=default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}: write {', '.join(choices)}.")
    return value


def env_secret(name: str, *, default: str | None = None, default_file: Path | None = None) -> str:
    """Read NAME, or the file that NAME_FILE names."""
    path = os.environ.get(f"{name}_FILE")
    if name in os.environ:
        if path:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: choose one.")
        value, source = os.environ[name], name
    elif default is not None and not path:
        return default
    else:
        path = path or str(default_file)
        try:
            value, source = Path(path).read_text(encoding="utf-8").strip(), path
        except OSError as error:
            raise ImproperlyConfigured(
                f"Set {name}, or {name}_FILE to a file that holds it, or type `make run` once, "
                f"which makes one. The file {path} cannot be read: {error.strerror}."
            ) from error
    if not value:
        raise ImproperlyConfigured(f"{name} is empty in {source}.")
    return value


def env_witnesses(name: str) -> list[tuple[str, str]]:
    """Read pairs of an address and a verifier key, with commas between the pairs."""
    found = []
    for item in env.list(name, default=[]):
        address, _, vkey = item.strip().partition(" ")
        parts = urlsplit(address)
        is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not vkey or not parts.hostname or parts.query or parts.fragment or parts.username:
            raise ImproperlyConfigured(
                f"{name} holds {item!r}: write an address, a blank and the witness's key, such as "
                "https://witness.example.com/log witness.example.com+0123abcd+BH…, with commas "
                "between witnesses."
            )
        if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
            raise ImproperlyConfigured(f"{name} holds {address!r}: a witness is asked by https.")
        try:
            is_witness = note.Verifier.parse(vkey.strip()).type == note.COSIGNATURE
        except note.WrongNote as error:
            raise ImproperlyConfigured(f"{name}: {error}") from error
        if not is_witness:
            raise ImproperlyConfigured(f"{name}: {vkey} is the key of a log, not of a witness.")
        found.append((address.rstrip("/"), vkey.strip()))
    return found


# What this installation is

DEBUG = env_bool("DEBUG", default=False)
SECRET_KEY = env_secret("SECRET_KEY", default_file=VAR_DIR / "secret_key")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env_bool("SHELFMARK_HTTPS", default=False)
DEMO = env_bool("SHELFMARK_DEMO", default=False)
# Which code this is, for the receipts. Without it, what .git says at the start.
COMMIT: str = env.str("SHELFMARK_COMMIT", default="")
# False replaces the service worker in every browser by one that clears away and leaves.
SERVICE_WORKER = env_bool("SHELFMARK_SERVICE_WORKER", default=True)
MODELS_DIR = Path(env.str("SHELFMARK_MODELS_DIR", default=str(VAR_DIR / "models")))

# The ledger

LEDGER_KEYS_DIR = Path(env.str("SHELFMARK_LEDGER_KEYS_DIR", default=str(VAR_DIR / "ledger_keys")))
LEDGER_KEY = env_secret("SHELFMARK_LEDGER_KEY", default="")
LEDGER_KEY_PREVIOUS = env_secret("SHELFMARK_LEDGER_KEY_PREVIOUS", default="")
LEDGER_ORIGIN: str = env.str("SHELFMARK_LEDGER_ORIGIN", default="")
if not re.fullmatch(r"[!-*,-~]*", LEDGER_ORIGIN):
    raise ImproperlyConfigured(
        f"SHELFMARK_LEDGER_ORIGIN is {LEDGER_ORIGIN!r}: write a name in ASCII, without blanks "
        "and +, such as shelf.example.com/ledger."
    )

# Where checkpoints leave the house.
CHECKPOINT_DIR: str = env.str("SHELFMARK_CHECKPOINT_DIR", default="")
CHECKPOINT_MAIL: list[str] = env.list("SHELFMARK_CHECKPOINT_MAIL", default=[])
WITNESSES = env_witnesses("SHELFMARK_WITNESSES")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "ledger",
    "jobs",
    "inventory",
    "registry",
    "predictions",
    "sync",
]

MIDDLEWARE = [
    "lib.logs.RequestLog",
    "config.news.News",
    "lib.api.require_length",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.Static",
    "config.middleware.ContentSecurityPolicy",
    "config.middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.Csrf",
    "config.middleware.Authentication",
    "config.middleware.Messages",
    "config.middleware.Frames",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"islands": "lib.islands"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Data


def database(url: str) -> dict[str, Any]:
    scheme = urlsplit(url).scheme
    settings: dict[str, Any] = env.db_url_config(url)
    # Opening a connection costs as much as a whole request; on SQLite, closing the last one
    # also writes the log back into the file.
    settings["CONN_MAX_AGE"] = None
    options: dict[str, Any] = settings.setdefault("OPTIONS", {})
    if scheme == "sqlite":
        settings["ENGINE"] = "lib.sqlite"
        options |= {
            # A transaction that starts by reading and then wants to write fails at once when
            # somebody else wrote in between; one that asks for the lock at the start waits.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # synchronous=NORMAL may forget a committed transaction when the power fails.
            # Without recursive_triggers, INSERT OR REPLACE deletes rows unseen by triggers.
            "init_command": (
                "PRAGMA journal_mode=WAL;"
                "PRAGMA synchronous=FULL;"
                "PRAGMA recursive_triggers=ON;"
                "PRAGMA foreign_keys=ON;"
                "PRAGMA journal_size_limit=67108864;"
                # In pages. The ends of the same few indexes are written again and again: the later
                # the log is written back, the fewer times each of their pages is.
                "PRAGMA wal_autocheckpoint=8000;"
            ),
        }
    elif scheme in ("postgres", "postgresql"):
        settings["CONN_HEALTH_CHECKS"] = True
        options.setdefault("connect_timeout", 5)
        options.setdefault("application_name", "shelfmark")
        # A process that stopped in the middle of a transaction must not hold its locks for ever.
        options.setdefault("options", "-c idle_in_transaction_session_timeout=60000")
    else:
        raise ImproperlyConfigured(
            f"DATABASE_URL starts with {scheme}://: use sqlite:///PATH or postgres://…."
        )
    return settings


DATABASES = {
    "default": database(env_secret("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}"))
}

REDIS_URL = env_secret("REDIS_URL", default="")
CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

# Mail

EMAIL_URL = env_secret("EMAIL_URL", default="")
if EMAIL_URL:
    if urlsplit(EMAIL_URL).scheme not in ("smtp", "smtp+tls", "smtp+ssl", "consolemail"):
        raise ImproperlyConfigured(
            "EMAIL_URL cannot be used: write smtp+tls://USER:PASSWORD@HOST:587, smtp+ssl://… or "
            "smtp://…."
        )
    globals().update(
        {name: value for name, value in env.email_url_config(EMAIL_URL).items() if value}
    )
elif CHECKPOINT_MAIL:
    raise ImproperlyConfigured(
        "SHELFMARK_CHECKPOINT_MAIL says to whom checkpoints are sent, but not EMAIL_URL by which "
        "server: write smtp+tls://USER:PASSWORD@HOST:587 there."
    )
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL: str = env.str("SHELFMARK_MAIL_FROM", default="shelfmark@localhost")

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.sign_in.Passwords"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

TOKEN_CACHE_SECONDS = env_int("SHELFMARK_TOKEN_CACHE_SECONDS", default=2)
TOKEN_DAYS = env_int("SHELFMARK_TOKEN_DAYS", default=365, minimum=1)
REST_KNOX = {"TOKEN_TTL": timedelta(days=TOKEN_DAYS)}

# Words and times

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Files served as written. Without SHELFMARK_STATIC_ROOT they are served from where they lie;
# with it, `manage.py collectstatic` copies them there under names that carry their digest.

STATIC_URL = "/static/"
STATIC_ROOT: str | None = env.str("SHELFMARK_STATIC_ROOT", default="") or None
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [BASE_DIR / "static"]
if (BASE_DIR / "frontend" / "dist").is_dir():
    STATICFILES_DIRS.append(("app", BASE_DIR / "frontend" / "dist"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if STATIC_ROOT
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
# What has its digest in its name never changes: Vite's names and those of collectstatic.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/(app/pages/.+-[\w-]{8}\.\w+|.+\.[0-9a-f]{12}\.\w+)$"

# What a browser may do, and what a request may carry

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
# Probes come from the machine itself, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env_int("SHELFMARK_HSTS_SECONDS", default=31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SILENCED_SYSTEM_CHECKS = [
    # These look for Django's own middleware by name and do not see that ours extend it.
    "security.W002",
    "security.W003",
    # Whether browsers ship with the name of a domain is for the owner of that domain to say.
    "security.W021",
]
BEHIND_PROXY = env_bool("SHELFMARK_BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = env_int("SHELFMARK_MAX_BODY_BYTES", default=2_621_440, minimum=65_536)
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.CachedTokenAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    # A view that forgets to say who may use it may be used by nobody.
    "DEFAULT_PERMISSION_CLASSES": ["lib.api.Nobody"],
    "DEFAULT_PARSER_CLASSES": ["lib.api.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "lib.api.problem_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Shelfmark",
    "DESCRIPTION": "Says where a product belongs, and remembers exactly why it said so.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
}

LOG_LEVEL = env_choice(
    "SHELFMARK_LOG_LEVEL", choices=["DEBUG", "INFO", "WARNING", "ERROR"], default="INFO"
)
logs.configure(LOG_LEVEL)
LOGGING = logs.settings(LOG_LEVEL)
