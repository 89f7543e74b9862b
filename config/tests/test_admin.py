import json

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils.html import escape

from accounts.models import User
from inventory import actions
from inventory.models import Product
from ledger.models import Entry
from lib import clock

pytestmark = pytest.mark.django_db

READ_ONLY = [
    "accounts/tablet",
    "jobs/job",
    "ledger/entry",
    "predictions/prediction",
    "predictions/review",
    "registry/approval",
    "registry/deployment",
    "registry/modelversion",
    "sync/change",
]
TABLES = ["accounts/user", "inventory/product", "inventory/category", *READ_ONLY]


@pytest.fixture
def ada(client: Client, admin: User) -> Client:
    User.objects.filter(pk=admin.pk).update(is_staff=True)
    client.force_login(admin)
    actions.create_category(name="Tools", parent=None, by=admin, now=clock.now())
    actions.create_product(
        fields={"sku": "A", "name": "Drill", "gtin": 4006381333931},
        category="Tools",
        by=admin,
        now=clock.now(),
    )
    return client


@pytest.mark.parametrize("table", TABLES)
def test_an_administrator_sees_each_table(ada: Client, table: str) -> None:
    assert ada.get(f"/admin/{table}/").status_code == 200
    assert ada.get(f"/admin/{table}/?q=a").status_code == 200


@pytest.mark.parametrize("table", READ_ONLY)
def test_nobody_writes_past_the_actions(ada: Client, table: str, roles: None) -> None:
    boss = User.objects.create_superuser("boss")
    for client in (ada, Client()):
        if client is not ada:
            client.force_login(boss)
        assert client.post(f"/admin/{table}/add/", {}).status_code == 403


def test_an_auditor_sees_a_product_with_its_gtin_and_cannot_save_it(
    ada: Client, dora: User
) -> None:
    User.objects.filter(pk=dora.pk).update(is_staff=True)
    client = Client()
    client.force_login(dora)
    address = f"/admin/inventory/product/{Product.objects.get().pk}/change/"
    assert b"4006381333931" in client.get(address).content
    assert client.post(address, {"name": "x"}).status_code == 403
    assert client.post("/admin/inventory/product/add/", {"name": "x"}).status_code == 403


def test_an_auditor_reads_an_entry_word_for_word(ada: Client, dora: User) -> None:
    User.objects.filter(pk=dora.pk).update(is_staff=True)
    entry = Entry.objects.get(kind="product.created")
    client = Client()
    client.force_login(dora)
    page = client.get(f"/admin/ledger/entry/{entry.pk}/change/")
    assert page.status_code == 200
    html = page.content.decode()
    assert escape(entry.content().decode()) in html
    # What the log only commits to stands beside it, with the name of who did it.
    assert "4006381333931" in html
    assert f"admin (number {entry.actor_id})" in html


@pytest.mark.parametrize("who", ["carla", "rita"])
def test_who_is_no_staff_does_not_get_in(request: pytest.FixtureRequest, who: str) -> None:
    client = Client()
    client.force_login(request.getfixturevalue(who))
    assert client.get("/admin/").status_code == 302


def test_giving_somebody_a_role_is_recorded(ada: Client, carla: User) -> None:
    reviewer = Group.objects.get(name="reviewer")
    answer = ada.post(
        f"/admin/accounts/user/{carla.pk}/change/",
        {"username": "carla", "display_name": "Carla", "is_active": "on", "groups": [reviewer.pk]},
    )
    assert answer.status_code == 302
    entry = Entry.objects.get(kind="person.changed")
    assert entry.actor_id == User.objects.get(username="admin").pk
    assert json.loads(entry.content())["details"]["roles"] == ["reviewer"]


def test_an_administrator_cannot_become_somebody_who_may_do_everything(
    ada: Client, admin: User
) -> None:
    answer = ada.post(
        f"/admin/accounts/user/{admin.pk}/change/",
        {"username": "admin", "is_active": "on", "is_staff": "on", "is_superuser": "on"},
    )
    assert answer.status_code == 302
    admin.refresh_from_db()
    assert not admin.is_superuser


def test_an_administrator_cannot_take_over_somebody_who_may_do_everything(ada: Client) -> None:
    boss = User.objects.create_superuser("boss", password="a long sentence")
    password = {"password1": "another sentence", "password2": "another sentence"}
    answer = ada.post(f"/admin/accounts/user/{boss.pk}/password/", password)
    assert answer.status_code == 403
    boss.refresh_from_db()
    assert boss.check_password("a long sentence")


def test_people_are_made_inactive_and_not_deleted(ada: Client, carla: User) -> None:
    answer = ada.post(f"/admin/accounts/user/{carla.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403
    assert User.objects.filter(pk=carla.pk).exists()


@pytest.mark.parametrize("second", ["correct horse battery", "something else"])
def test_giving_somebody_a_password_is_recorded_once(ada: Client, carla: User, second: str) -> None:
    address = f"/admin/accounts/user/{carla.pk}/password/"
    passwords = {"password1": "correct horse battery", "password2": second}
    answer = ada.post(address, {**passwords, "usable_password": "true"})
    entries = Entry.objects.filter(subject=f"user:{carla.pk}", kind__startswith="person.changed")
    if second == "something else":
        assert answer.status_code == 200
        # When the fixture made her, no action explained it.
        assert [entry.kind for entry in entries] == ["person.changed_outside"]
        return
    assert answer.status_code == 302
    assert entries.get(kind="person.changed").actor_id == User.objects.get(username="admin").pk
    assert entries.filter(kind="person.changed_outside").count() == 1
