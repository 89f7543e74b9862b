"""What is erased is gone from the files of the database, and every old proof still holds."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import IntegrityError, connection
from django.test import Client
from knox.models import AuthToken

from accounts import actions as accounts
from accounts.models import IdempotencyKey, User
from inventory import actions as inventory
from inventory.models import Product
from ledger import actions, log, tree
from ledger.management.scrubbing import scrub
from ledger.models import Checkpoint, Entry, Erasure, Opening, Secret
from ledger.standing import standing
from ledger.tests.logs import own_keys
from lib import clock
from lib.ids import uuid7
from predictions.actions import review
from predictions.models import Prediction
from predictions.tests.conftest import DRILL, client_of
from tools.servers import postgresql_programs

# Nothing else in any test is called like this.
USERNAME, FIRST, LAST = "qwillow", "Quimbleton", "Vandersnoot"
EMAIL, DISPLAY = "zephyrine@example.org", "Xanthippe Q."
DEVICE, NOTE, INPUT = "tablet-of-qz-71", "Ask Hildegunst about this one", "Wrenchomatic for Jqx"
PASSWORD = "a long enough password 17"
PERSONAL = (USERNAME, FIRST, LAST, EMAIL, DISPLAY, DEVICE, NOTE)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> None:
    own_keys(tmp_path / "keys", settings)


@pytest.fixture
def person(roles: None) -> User:
    user = accounts.create_person(
        username=USERNAME,
        display_name=DISPLAY,
        role="picker",
        password=PASSWORD,
        now=clock.now(),
    )
    user.first_name, user.last_name, user.email = FIRST, LAST, EMAIL
    user.save(update_fields=["first_name", "last_name", "email"])
    other = User.objects.create(username="temporary")
    accounts.create_person(
        username="temporary", display_name="", role="reviewer", password=PASSWORD, now=clock.now()
    )
    user.groups.add(*other.groups.all())
    return user


@pytest.fixture
def product(categories: None, admin: User) -> Product:
    fields: Any = {**DRILL, "sku": "D-7"}
    return inventory.create_product(fields=fields, by=admin, now=clock.now())


@pytest.fixture
def traces(person: User, deployed: None, product: Product, client: Client) -> Iterator[Prediction]:
    """Let the person sign in, ask from a device and review with a note; then seal."""
    browser = Client()
    assert browser.login(username=USERNAME, password=PASSWORD)
    browser.get("/api/v1/session")
    own = client_of(person)
    asked = own.post(
        "/api/v1/predictions",
        {**DRILL, "name": INPUT},
        content_type="application/json",
        headers={"Shelfmark-Device": DEVICE, "Idempotency-Key": "once"},
    ).json()
    about_product = own.get(f"/api/v1/products/{product.pk}/prediction").json()
    review(
        prediction_id=UUID(about_product["id"]),
        category=None,
        note=NOTE,
        by=person,
        now=clock.now(),
    )
    actions.seal(now=clock.now())
    assert browser.session.session_key
    yield Prediction.objects.get(pk=asked["id"])


def stored() -> bytes:
    """Return everything that the database keeps, as it lies in its files or in a dump."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        path = Path(str(settings["NAME"]))
        return b"".join(file.read_bytes() for file in (path, Path(f"{path}-wal")) if file.exists())
    programs = postgresql_programs()
    assert programs is not None
    return subprocess.run(
        [
            programs / "pg_dump", "--host", settings["HOST"], "--port", str(settings["PORT"]),
            "--username", settings["USER"], settings["NAME"],
        ],
        env={**os.environ, "PGPASSWORD": settings["PASSWORD"]},
        check=True,
        capture_output=True,
    ).stdout  # fmt: skip


def found(*texts: str) -> list[str]:
    """Return which of these texts are somewhere in the database."""
    data = stored()
    # A dump spells the bytes of a column as hexadecimal digits.
    return [text for text in texts if text.encode() in data or text.encode().hex().encode() in data]


def erase(reason: str = "Request 12") -> str:
    said = StringIO()
    call_command("erase_person", USERNAME, reason=reason, stdout=said, stderr=StringIO())
    return said.getvalue()


def test_a_person_who_is_erased_is_nowhere_in_the_database(traces: Prediction) -> None:
    assert found(*PERSONAL) == list(PERSONAL)
    erase()
    assert found(*PERSONAL) == []


def test_a_text_that_is_erased_is_nowhere_in_the_database(traces: Prediction) -> None:
    assert found(INPUT) == [INPUT]
    IdempotencyKey.objects.all().delete()
    said = StringIO()
    call_command("erase_text", str(traces.pk), reason="x", stdout=said, stderr=StringIO())
    assert said.getvalue() == "Erased the text of 1 of 1 entries.\n"
    assert found(INPUT) == []


def test_every_old_proof_still_holds(traces: Prediction) -> None:
    entries = list(Entry.objects.order_by("pk"))
    bodies = {entry.uuid: entry.content() for entry in entries}
    places = {entry.uuid: log.place_of(entry) for entry in entries}
    before = Checkpoint.objects.get()
    erase()
    actions.erase_text(entries=[traces.pk], reason="x", by=None, now=clock.now())
    actions.seal(now=clock.now())
    for entry in Entry.objects.filter(uuid__in=bodies):
        assert entry.content() == bodies[entry.uuid]
        place = places[entry.uuid]
        tree.check_inclusion(
            tree.leaf_hash(entry.content()),
            place.index,
            before.size,
            place.proof,
            bytes(before.root),
        )
        assert standing(entry).holds is True


def test_the_receipt_stays_and_says_that_something_was_erased(
    traces: Prediction, client: Client
) -> None:
    before = client.get(f"/api/v1/predictions/{traces.pk}").content
    assert json.loads(client.get(f"/api/v1/predictions/{traces.pk}/opening").content)["device"]
    erase()
    assert client.get(f"/api/v1/predictions/{traces.pk}").content == before
    opening = client.get(f"/api/v1/predictions/{traces.pk}/opening").json()
    assert (opening["device"], opening["person"], opening["person_salt"]) == (None, None, None)
    assert opening["erased"] is True


def test_an_account_without_a_person_opens_no_door(traces: Prediction, person: User) -> None:
    browser = Client()
    browser.login(username=USERNAME, password=PASSWORD)
    token = client_of(person)
    assert browser.get("/api/v1/session").json()["username"] == USERNAME
    assert f"erased-{person.pk}" in erase()
    person.refresh_from_db()
    assert (person.username, person.is_active, person.groups.count()) == (
        f"erased-{person.pk}",
        False,
        0,
    )
    assert not person.has_usable_password()
    assert not AuthToken.objects.filter(user=person).exists()
    assert not IdempotencyKey.objects.filter(user=person).exists()
    assert browser.get("/api/v1/session").json()["username"] is None
    assert token.get("/api/v1/products").status_code == 401
    assert not Client().login(username=USERNAME, password=PASSWORD)


def test_erasing_touches_nobody_else(traces: Prediction, person: User, client: Client) -> None:
    carla = User.objects.get(username="carla")
    signed_in = Client()
    signed_in.force_login(carla)
    actions.secret_of(carla.pk)
    erase()
    assert signed_in.get("/api/v1/session").json()["username"] == "carla"
    assert client.get(f"/api/v1/predictions/{traces.pk}").status_code == 200
    assert Secret.objects.filter(user_id=carla.pk).exists()
    assert not Secret.objects.filter(user_id=person.pk).exists()
    assert not Opening.objects.filter(about=person.pk).exists()
    assert Opening.objects.filter(about=None, part="input").exists()


def test_the_log_says_that_somebody_was_erased_and_why_it_says_apart(
    traces: Prediction, person: User
) -> None:
    erase("Request 12 of the data protection officer")
    entry = Entry.objects.get(kind="person.erased")
    assert entry.subject == f"user:{person.pk}"
    assert b"Request 12" not in entry.content()
    assert (
        Erasure.objects.get(about=person.pk).reason == "Request 12 of the data protection officer"
    )


def test_what_came_after_an_erasure_is_erased_by_another(traces: Prediction, person: User) -> None:
    erase()
    # From a process that still knew the token and the secret.
    Opening.objects.create(entry=uuid7(), part="device", about=person.pk, salt=b"1", value=b"2")
    accounts.erase_person(user=person, reason="again", by=None, now=clock.now())
    assert not Opening.objects.filter(about=person.pk).exists()
    assert Entry.objects.filter(kind="person.erased").count() == 2


def test_who_was_erased_gets_no_other_secret(traces: Prediction, person: User) -> None:
    erase()
    with pytest.raises(IntegrityError, match="not_after_erasure"):
        actions.secret_of(person.pk)
    assert not Secret.objects.filter(user_id=person.pk).exists()


def test_the_whole_log_is_found_good_afterwards(traces: Prediction) -> None:
    erase()
    call_command("erase_text", str(traces.pk), reason="x", stdout=StringIO(), stderr=StringIO())
    actions.seal(now=clock.now())
    call_command("verify_ledger", stdout=StringIO(), stderr=StringIO())


def test_a_text_is_erased_once(traces: Prediction) -> None:
    now = clock.now()
    assert actions.erase_text(entries=[traces.pk], reason="x", by=None, now=now) == 1
    assert actions.erase_text(entries=[traces.pk], reason="x", by=None, now=now) == 0
    assert Entry.objects.filter(kind="text.erased", subject=str(traces.pk)).count() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about the file of SQLite")
@pytest.mark.parametrize("pragma", ["VACUUM", "PRAGMA wal_checkpoint"])
def test_what_is_left_of_deleted_rows_is_said(traces: Prediction, pragma: str) -> None:
    said = StringIO()
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, timeout=0)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=0")
    try:
        # A writer keeps the file from being rewritten, a reader what was written before it.
        other.execute("BEGIN IMMEDIATE" if pragma == "VACUUM" else "BEGIN")
        other.execute("SELECT count(*) FROM ledger_entry").fetchone()
        scrub(OutputWrapper(said))
    finally:
        other.close()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout=20000")
    expected = "still in the file" if pragma == "VACUUM" else "still be in the write-ahead log"
    assert expected in said.getvalue()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_nothing_is_erased_without_a_reason(traces: Prediction, reason: str) -> None:
    with pytest.raises(CommandError, match="Give a reason"):
        erase(reason)
    assert User.objects.filter(username=USERNAME).exists()
    with pytest.raises(CommandError, match="Give a reason"):
        call_command("erase_text", str(traces.pk), reason=reason)


def test_what_does_not_exist_cannot_be_erased(roles: None) -> None:
    with pytest.raises(CommandError, match="nobody called qwillow"):
        erase()
    unknown = "01890a5d-ac96-774b-bcce-b302099a8057"
    with pytest.raises(CommandError, match=f"no entry called {unknown}"):
        call_command("erase_text", unknown, reason="x")
