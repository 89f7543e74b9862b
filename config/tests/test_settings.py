"""A setting that cannot be used stops the start with a sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

ROOT: Path = settings.BASE_DIR
KEY = "x" * 50
LOG = "w.example.com+63d32f39+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
WITNESS = "w.example.com+df7f68e5+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def load(**env: str) -> tuple[int, str]:
    """Load the settings in a process of their own; return its exit code and what it printed."""
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "HOME")}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from config import settings as s; import json;"
            "print(json.dumps({k: v for k, v in vars(s).items() if k.isupper()}, default=str))",
        ],
        cwd=ROOT,
        env={**clean, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr.splitlines()[-1]


def values(**env: str) -> Any:
    import json

    code, printed = load(**{"SECRET_KEY": KEY, **env})
    assert code == 0, printed
    return json.loads(printed)


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"DEBUG": "false"}, "DEBUG is 'false': write True or False."),
        ({"DEBUG": "1"}, "write True or False"),
        ({"SHELFMARK_DEMO": ""}, "SHELFMARK_DEMO is ''"),
        ({"SHELFMARK_TOKEN_DAYS": "0"}, "whole number of at least 1"),
        ({"SHELFMARK_TOKEN_CACHE_SECONDS": "-1"}, "whole number of at least 0"),
        ({"SHELFMARK_TOKEN_CACHE_SECONDS": "soon"}, "SHELFMARK_TOKEN_CACHE_SECONDS is 'soon'"),
        ({"SHELFMARK_MAX_BODY_BYTES": "1"}, "at least 65536"),
        ({"SHELFMARK_LOG_LEVEL": "chatty"}, "write DEBUG, INFO, WARNING, ERROR"),
        ({"DATABASE_URL": "mysql://x/y"}, "use sqlite:///PATH or postgres://"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is empty"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is empty"),
        ({"SECRET_KEY_FILE": "/x"}, "both set: choose one"),
        ({"SHELFMARK_LEDGER_ORIGIN": "my shelf"}, "write a name in ASCII, without blanks"),
        ({"SHELFMARK_LEDGER_KEY": ""}, "SHELFMARK_LEDGER_KEY is empty"),
        ({"EMAIL_URL": "pigeon://roof"}, "EMAIL_URL cannot be used"),
        ({"SHELFMARK_CHECKPOINT_MAIL": "a@example.com"}, "but not EMAIL_URL by which server"),
        ({"SHELFMARK_WITNESSES": "https://witness.example.com"}, "an address, a blank and"),
        ({"SHELFMARK_WITNESSES": "http://witness.example.com w+1+A"}, "asked by https"),
        ({"SHELFMARK_WITNESSES": "ftp://localhost w+1+A"}, "asked by https"),
        ({"SHELFMARK_WITNESSES": "https://w.example.com w+1+AAAA"}, "SHELFMARK_WITNESSES: "),
        ({"SHELFMARK_WITNESSES": f"https://w.example.com {LOG}"}, "not of a witness"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start(env: dict[str, str], message: str) -> None:
    code, said = load(**{"SECRET_KEY": KEY, **env})
    assert code != 0
    assert message in said


def test_there_is_no_built_in_secret(tmp_path: Path) -> None:
    code, said = load(SECRET_KEY_FILE=str(tmp_path / "nowhere"))
    assert code != 0
    assert "Set SECRET_KEY, or SECRET_KEY_FILE" in said
    assert "make run" in said


def test_a_secret_can_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from the file\n")
    (tmp_path / "url").write_text("postgres://u:p@h:5/n\n")
    code, printed = load(
        SECRET_KEY_FILE=str(tmp_path / "key"), DATABASE_URL_FILE=str(tmp_path / "url")
    )
    assert code == 0
    assert '"from the file"' in printed
    assert '"PASSWORD": "p"' in printed


def test_without_any_setting_it_is_a_single_machine_that_is_safe() -> None:
    s = values()
    assert s["DEBUG"] is False
    assert s["DEMO"] is False
    assert s["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert s["DATABASES"]["default"]["NAME"] == str(ROOT / "var" / "db.sqlite3")
    assert s["CACHES"]["default"]["BACKEND"].endswith("LocMemCache")


def test_https_secures_cookies_and_redirects_people_but_not_probes() -> None:
    s = values(SHELFMARK_HTTPS="True")
    assert s["SESSION_COOKIE_SECURE"] and s["CSRF_COOKIE_SECURE"] and s["SECURE_SSL_REDIRECT"]
    assert s["SECURE_HSTS_SECONDS"] == 31_536_000
    assert any(re.search(pattern, "healthz") for pattern in s["SECURE_REDIRECT_EXEMPT"])
    assert "SECURE_PROXY_SSL_HEADER" not in s


def test_a_proxy_is_believed_only_if_there_is_one() -> None:
    assert values(SHELFMARK_BEHIND_PROXY="True")["SECURE_PROXY_SSL_HEADER"] == [
        "HTTP_X_FORWARDED_PROTO",
        "https",
    ]


def test_a_cache_that_is_shared_is_used_when_there_is_one() -> None:
    s = values(REDIS_URL="redis://localhost/3")
    assert s["CACHES"]["default"] == {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://localhost/3",
    }


def test_mail_goes_through_the_server_that_is_named() -> None:
    s = values(
        EMAIL_URL="smtp+tls://u:p@mail.example.com:587",
        SHELFMARK_CHECKPOINT_MAIL="a@example.com,b@example.com",
    )
    assert s["CHECKPOINT_MAIL"] == ["a@example.com", "b@example.com"]
    assert (s["EMAIL_HOST"], s["EMAIL_PORT"], s["EMAIL_USE_TLS"]) == ("mail.example.com", 587, True)
    assert (s["EMAIL_HOST_USER"], s["EMAIL_HOST_PASSWORD"]) == ("u", "p")


def test_witnesses_are_an_address_and_a_key_each() -> None:
    witnesses = f"https://w.example.com/log/ {WITNESS}, http://localhost:7380 {WITNESS}"
    assert values(SHELFMARK_WITNESSES=witnesses)["WITNESSES"] == [
        ["https://w.example.com/log", WITNESS],
        ["http://localhost:7380", WITNESS],
    ]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's own switches")
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("recursive_triggers", 1), ("foreign_keys", 1)],
)
def test_a_committed_row_survives_a_power_cut_on_sqlite(pragma: str, value: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")
        assert cursor.fetchone()[0] == value
