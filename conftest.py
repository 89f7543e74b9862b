"""The cast of the tests: alice trains, bob approves, carla picks, dora audits, rita reviews.

Also what holds for every test: settings of their own, and no network beyond this machine.
"""

import atexit
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import django
import pytest
from django.conf import settings
from django.db import connection

if TYPE_CHECKING:
    from accounts.models import User

# Set before Django reads its settings, so that a plain `pytest` works in a fresh clone and
# never touches what `make run` keeps in var/.
_folder = tempfile.TemporaryDirectory(prefix="shelfmark-tests-")
atexit.register(_folder.cleanup)
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["SECRET_KEY"] = "only-for-tests-" + "0123456789" * 5
os.environ["SHELFMARK_MODELS_DIR"] = _folder.name
os.environ["SHELFMARK_LEDGER_KEYS_DIR"] = f"{_folder.name}/ledger_keys"
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_folder.name}/db.sqlite3")
for _name in (
    "ALLOWED_HOSTS",
    "DEBUG",
    "EMAIL_URL",
    "SHELFMARK_CHECKPOINT_DIR",
    "SHELFMARK_CHECKPOINT_MAIL",
    "SHELFMARK_DEMO",
    "SHELFMARK_HTTPS",
    "SHELFMARK_LEDGER_KEY",
    "SHELFMARK_LEDGER_KEY_FILE",
    "SHELFMARK_LEDGER_KEY_PREVIOUS",
    "SHELFMARK_LEDGER_KEY_PREVIOUS_FILE",
    "SHELFMARK_LEDGER_ORIGIN",
    "SHELFMARK_STATIC_ROOT",
    "SHELFMARK_WITNESSES",
):
    os.environ.pop(_name, None)
from config.settings import database  # noqa: E402

# Each process of pytest-xdist has a PostgreSQL and a database in Redis of its own. Its settings may
# be loaded by now: it inherits what was set above from the process that started it.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
if _databases := os.environ.get("SHELFMARK_TEST_DATABASES", "").split():
    # The environment too, for the servers that tests start.
    os.environ["DATABASE_URL"] = _databases[_worker % len(_databases)]
    settings.DATABASES["default"].update(database(os.environ["DATABASE_URL"]))
if settings.REDIS_URL:
    settings.REDIS_URL = re.sub(r"/\d+$", f"/{_worker}", settings.REDIS_URL)
    settings.CACHES["default"]["LOCATION"] = os.environ["REDIS_URL"] = settings.REDIS_URL

# pytest-django sets Django up only if the settings are loaded by now.
django.setup()
# Argon2 is slow on purpose, which tests of something else should not pay for.
settings.PASSWORD_HASHERS.insert(0, "django.contrib.auth.hashers.MD5PasswordHasher")
if connection.vendor == "sqlite":
    # A file, as in the product: a database in memory locks tables and has no log to write ahead.
    connection.settings_dict["TEST"]["NAME"] = f"{_folder.name}/test.sqlite3"

# Tests that commit empty every table afterwards, which the triggers would refuse.
pytest_plugins = ["lib.tests.emptying", "registry.tests.releases"]

_LOCAL = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True, scope="session")
def only_this_machine() -> Iterator[None]:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            assert host.startswith(_LOCAL), f"a test wants to connect to {host}"
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_locally)
        yield


@pytest.fixture(autouse=True)
def no_secret_of_another_test() -> Iterator[None]:
    """Forget the secrets of persons whom another test has left behind."""
    yield
    from ledger.actions import forget_secrets

    forget_secrets()


@pytest.fixture(autouse=True)
def headers_without_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let answers say what they would say beside an empty database, and ask none.

    A test that counts queries would count a look that other requests share.
    """
    from lib.fresh import Fresh
    from sync import standing

    nowhere = standing.Standing(epoch=None, head=0, model=None)
    monkeypatch.setattr(standing, "_fresh", Fresh(lambda: nowhere, seconds=3600))


@pytest.fixture
def headers_as_they_are(
    headers_without_a_look: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Let every answer say what is true at that moment."""
    from lib.fresh import Fresh
    from sync import standing

    look = standing._look_if_it_answers
    monkeypatch.setattr(standing, "_last", None)
    monkeypatch.setattr(standing, "_fresh", Fresh(look, seconds=-1))
    yield


def member(username: str, role: str) -> "User":
    from django.contrib.auth.models import Group

    from accounts.models import User

    # No password: hashing one costs more than most tests, and few sign in by hand.
    user = User.objects.create_user(username, display_name=username.title())
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def roles(db: None) -> None:
    """The roles with their permissions, also where an earlier test emptied the tables."""
    from django.core.management import call_command

    call_command("create_roles", verbosity=0)


@pytest.fixture
def alice(roles: None) -> "User":
    return member("alice", "data_scientist")


@pytest.fixture
def bob(roles: None) -> "User":
    return member("bob", "approver")


@pytest.fixture
def carla(roles: None) -> "User":
    return member("carla", "picker")


@pytest.fixture
def dora(roles: None) -> "User":
    return member("dora", "auditor")


@pytest.fixture
def rita(roles: None) -> "User":
    return member("rita", "reviewer")


@pytest.fixture
def admin(roles: None) -> "User":
    return member("admin", "administrator")
