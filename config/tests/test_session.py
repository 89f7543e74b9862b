import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts import actions
from accounts.models import User
from accounts.roles import ROLES
from accounts.sign_in import MOST_UNDER_ONE_NAME
from config import tablet
from inventory.actions import create_product
from inventory.models import ProductFields
from lib import clock
from lib.fresh import Fresh
from lib.islands import NotBuilt
from registry.tests.releases import SHA256
from sync.feed import head
from sync.models import Epoch

pytestmark = pytest.mark.django_db
PRODUCT: ProductFields = {"sku": "A-1", "name": "Drill"}
SESSION = "/api/v1/session"


def test_a_stranger_is_told_that_nobody_is_signed_in(client: Client) -> None:
    answer = client.get(SESSION)
    assert answer.status_code == 200
    body = answer.json()
    assert body["csrf"]
    assert datetime.fromisoformat(body["server_time"]).tzinfo is not None
    assert body["epoch"] == str(Epoch.objects.get().uuid)
    assert {key: body[key] for key in body.keys() - {"build", "csrf", "epoch", "server_time"}} == {
        "authenticated": False,
        "user_id": None,
        "username": None,
        "display_name": None,
        "permissions": [],
        "perms_hash": hashlib.sha256(b"").hexdigest()[:16],
        "session_expires_at": None,
        "sync_head": 0,
        "model": None,
        "schema": 1,
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


def test_asking_costs_six_queries(
    client: Client, carla: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(carla)
    client.get(SESSION)
    # The session, the person, what the person and what their roles may do, the session's end, the
    # epoch.
    with django_assert_num_queries(6):
        client.get(SESSION)


def test_a_tablet_learns_where_the_server_is(
    client: Client, deployed: SHA256, admin: User, headers_as_they_are: None, build: str
) -> None:
    client.get(SESSION)  # the feed begins
    create_product(fields=PRODUCT, by=admin, now=clock.now())
    body = client.get(SESSION).json()
    place = head()
    assert place is not None
    assert body["sync_head"] == place.number > 0
    assert body["model"] == {"sha256": deployed["live"]}
    assert body["build"] == build


@pytest.fixture(params=["built", "not built"])
def build(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Return the digest of the shell, which stands in for the real one."""

    def shell() -> str:
        if request.param == "built":
            return "the shell"
        raise NotBuilt("The frontend is not built.")

    monkeypatch.setattr(tablet, "_shell", shell)
    monkeypatch.setattr(tablet, "_fresh_build", Fresh(tablet._build, seconds=0))
    return hashlib.sha256(b"the shell").hexdigest() if request.param == "built" else None


# Signing in and out

PASSWORD = "a long sentence"


@pytest.fixture
def browser(carla: User) -> Client:
    """A browser that checks nothing away, in which nobody is signed in."""
    carla.set_password(PASSWORD)
    carla.save(update_fields=["password"])
    return Client(enforce_csrf_checks=True)


def sign_in(browser: Client, password: str = PASSWORD, **body: object) -> Any:
    token = browser.get(SESSION).json()["csrf"]
    return browser.post(
        SESSION,
        {"username": "carla", "password": password, **body},
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )


def test_signing_in_answers_like_asking_afterwards(browser: Client, carla: User) -> None:
    answer = sign_in(browser)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    told, asked = answer.json(), browser.get(SESSION).json()
    assert told["user_id"] == carla.pk
    for changing in ("csrf", "server_time", "session_expires_at"):
        told.pop(changing), asked.pop(changing)
    assert told == asked


def test_the_token_of_before_is_worth_nothing_after_signing_in(browser: Client) -> None:
    early = browser.get(SESSION).json()["csrf"]
    fresh = sign_in(browser).json()["csrf"]

    def create(token: str, sku: str) -> int:
        return browser.post(
            "/api/v1/products",
            {**PRODUCT, "sku": sku},
            content_type="application/json",
            headers={"X-CSRFToken": token},
        ).status_code

    assert create(early, "A-1") == 403
    assert create(fresh, "A-1") == 201


def test_a_wrong_password_and_a_name_that_nobody_has_are_refused_alike(browser: Client) -> None:
    wrong, unknown = sign_in(browser, "not this"), sign_in(browser, username="nobody")
    for answer in (wrong, unknown):
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    assert wrong.json()["detail"] == unknown.json()["detail"]
    assert browser.get(SESSION).json()["authenticated"] is False


def test_nobody_is_signed_in_who_is_not_active(browser: Client, carla: User) -> None:
    carla.is_active = False
    carla.save(update_fields=["is_active"])
    assert sign_in(browser).status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"username": "carla"}, {"username": "carla", "password": 1}, [], {"x": 1}]
)
def test_what_is_no_attempt_is_a_bad_request(browser: Client, body: object) -> None:
    token = browser.get(SESSION).json()["csrf"]
    answer = browser.post(
        SESSION, body, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 400


def test_another_site_can_sign_nobody_in(browser: Client) -> None:
    browser.get(SESSION)
    answer = browser.post(
        SESSION, {"username": "carla", "password": PASSWORD}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert browser.get(SESSION).json()["authenticated"] is False


def test_guessing_here_is_guessing_on_the_page(browser: Client) -> None:
    for number in range(MOST_UNDER_ONE_NAME):
        assert sign_in(browser, f"guess {number}").status_code == 401
    answer = sign_in(browser)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert "Try again in 15 minutes" in answer.json()["detail"]
    page = browser.post("/sign-in", {"username": "carla", "password": PASSWORD})
    assert page.status_code in (403, 429)


def test_signing_out_ends_the_session_and_can_be_repeated(browser: Client) -> None:
    token = sign_in(browser).json()["csrf"]
    key = browser.cookies["sessionid"].value
    for _ in range(2):
        answer = browser.delete(SESSION, headers={"X-CSRFToken": token})
        assert (answer.status_code, answer.content) == (204, b"")
    assert not Session.objects.filter(pk=key).exists()
    assert browser.get(SESSION).json()["authenticated"] is False


def test_another_site_can_sign_nobody_out(browser: Client) -> None:
    sign_in(browser)
    assert browser.delete(SESSION).status_code == 403
    assert browser.get(SESSION).json()["authenticated"] is True


def test_who_signs_in_after_somebody_else_gets_nothing_of_their_session(
    browser: Client, rita: User
) -> None:
    rita.set_password(PASSWORD)
    rita.save(update_fields=["password"])
    sign_in(browser)
    hers = browser.cookies["sessionid"].value
    assert sign_in(browser, username="rita").json()["user_id"] == rita.pk
    assert browser.cookies["sessionid"].value != hers
    assert not Session.objects.filter(pk=hers).exists()


@pytest.mark.parametrize("method", ["post", "delete"])
def test_a_program_with_a_token_has_no_session_to_begin_or_end(carla: User, method: str) -> None:
    _, token = actions.create_token(user=carla, by=carla, now=clock.now())
    client = Client(headers={"Authorization": f"Token {token}"})
    answer = getattr(client, method)(SESSION, {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
