import hashlib
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts import actions
from accounts.models import User
from accounts.roles import ROLES
from lib import clock

pytestmark = pytest.mark.django_db
PRODUCT = {"sku": "A-1", "name": "Drill"}
SESSION = "/api/v1/session"


def test_a_stranger_is_told_that_nobody_is_signed_in(client: Client) -> None:
    answer = client.get(SESSION)
    assert answer.status_code == 200
    body = answer.json()
    assert body["csrf"]
    assert datetime.fromisoformat(body["server_time"]).tzinfo is not None
    assert {key: body[key] for key in body.keys() - {"csrf", "server_time"}} == {
        "authenticated": False,
        "user_id": None,
        "username": None,
        "display_name": None,
        "permissions": [],
        "perms_hash": hashlib.sha256(b"").hexdigest()[:16],
        "session_expires_at": None,
    }


def test_a_person_is_told_who_they_are_and_what_they_may_do(client: Client, carla: User) -> None:
    client.force_login(carla)
    body = client.get(SESSION).json()
    assert body["authenticated"] is True
    assert (body["user_id"], body["username"], body["display_name"]) == (carla.pk, "carla", "Carla")
    assert body["permissions"] == sorted(ROLES["picker"])


def test_the_hash_changes_when_the_permissions_do(client: Client, carla: User) -> None:
    client.force_login(carla)
    first = client.get(SESSION).json()["perms_hash"]
    assert len(first) == 16
    assert client.get(SESSION).json()["perms_hash"] == first
    carla.groups.add(Group.objects.get(name="auditor"))
    assert client.get(SESSION).json()["perms_hash"] != first


def test_the_session_ends_when_the_server_says_and_asking_does_not_put_it_off(
    client: Client, carla: User
) -> None:
    client.force_login(carla)
    soon = clock.now() + timedelta(hours=1)
    Session.objects.update(expire_date=soon)
    body = client.get(SESSION).json()
    assert datetime.fromisoformat(body["session_expires_at"]) == soon
    assert Session.objects.get().expire_date == soon


def test_nobody_keeps_the_answer(client: Client, carla: User) -> None:
    client.force_login(carla)
    answer = client.get(SESSION)
    assert answer["Cache-Control"] == "no-store"
    assert "Cookie" in answer["Vary"]


def test_a_page_that_never_showed_a_form_can_write_afterwards(carla: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(carla)
    assert "csrftoken" not in client.cookies
    token = client.get(SESSION).json()["csrf"]
    answer = client.post(
        "/api/v1/products",
        PRODUCT,
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )
    assert answer.status_code == 201


def test_the_token_of_one_browser_is_worth_nothing_in_another(carla: User) -> None:
    stolen = Client().get(SESSION).json()["csrf"]
    client = Client(enforce_csrf_checks=True)
    client.force_login(carla)
    client.get(SESSION)
    answer = client.post(
        "/api/v1/products",
        PRODUCT,
        content_type="application/json",
        headers={"X-CSRFToken": stolen},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_asking_again_leaves_the_tokens_of_open_pages_valid(carla: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(carla)
    early = client.get(SESSION).json()["csrf"]
    client.get(SESSION)
    answer = client.post(
        "/api/v1/products",
        PRODUCT,
        content_type="application/json",
        headers={"X-CSRFToken": early},
    )
    assert answer.status_code == 201


def test_a_program_is_told_whose_token_it_holds(carla: User) -> None:
    _, token = actions.create_token(user=carla, by=carla, now=clock.now())
    body = Client(headers={"Authorization": f"Token {token}"}).get(SESSION).json()
    assert (body["username"], body["session_expires_at"]) == ("carla", None)


def test_asking_costs_five_queries(
    client: Client, carla: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(carla)
    # The session, the person, what the person and what their roles may do, the session's end.
    with django_assert_num_queries(5):
        client.get(SESSION)
