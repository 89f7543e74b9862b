"""Settings of the front app: small, but with the same database options as Shelfmark's own.

All forms but PEER_STYLE=tuned keep the middleware that `startproject` writes. Connections persist
in all of them: Django's default of one connection per request would flatter us.
"""

import os
from typing import Any
from urllib.parse import urlsplit

SECRET_KEY = "only for benchmarks, on the loopback interface"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "benchmarks.peers.front"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "knox",
    "benchmarks.peers",
]
MIGRATION_MODULES = {"peers": None}  # one table, made by `migrate --run-syncdb`
MIDDLEWARE = (
    []
    if os.environ["PEER_STYLE"] == "tuned"
    else [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]
)
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

_database = urlsplit(os.environ["DATABASE_URL"])
DATABASES: dict[str, dict[str, Any]]
if _database.scheme == "sqlite":
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _database.path,
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _database.path.lstrip("/"),
            "HOST": _database.hostname,
            "PORT": _database.port,
            "USER": _database.username,
            "CONN_MAX_AGE": None,
        }
    }
