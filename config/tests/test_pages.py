import re
from typing import Any

import pytest
from django.test import Client, RequestFactory

from accounts.models import User
from config import views

pytestmark = pytest.mark.django_db


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", answer.content.decode()))


def test_a_stranger_is_told_what_this_is_and_where_to_go(client: Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "suggests its category" in text(page)
    for address in ("/sign-in", "/api/docs/", "/admin/"):
        assert f'href="{address}"' in page.content.decode()


def test_a_picker_is_not_sent_to_an_administration_that_is_closed_to_them(
    client: Client, carla: User
) -> None:
    client.force_login(carla)
    page = client.get("/")
    assert "You are signed in as Carla." in text(page)
    assert 'href="/admin/"' not in page.content.decode()


def test_somebody_signs_in_and_out(client: Client, carla: User) -> None:
    carla.set_password("a long sentence")
    carla.save(update_fields=["password"])
    answer = client.post("/sign-in", {"username": "carla", "password": "a long sentence"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert "signed in as Carla" in text(client.get("/"))
    assert client.post("/sign-out").status_code == 302
    assert "signed in as" not in text(client.get("/"))


def test_a_wrong_password_is_explained_and_the_name_is_kept(client: Client, carla: User) -> None:
    page = client.post("/sign-in", {"username": "carla", "password": "wrong"})
    assert page.status_code == 200
    assert "do not belong together" in text(page)
    assert 'value="carla"' in page.content.decode()


def test_signing_in_does_not_send_people_to_another_site(client: Client, carla: User) -> None:
    carla.set_password("a long sentence")
    carla.save(update_fields=["password"])
    answer = client.post(
        "/sign-in",
        {"username": "carla", "password": "a long sentence", "next": "https://evil.example/"},
    )
    assert answer["Location"] == "/"


def test_a_form_that_is_too_old_is_explained(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    page = strict.post("/sign-in", {"username": "x", "password": "y"})
    assert page.status_code == 403
    assert "This form is too old" in text(page)


def test_an_address_that_is_not_there_is_explained(client: Client) -> None:
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert "There is nothing at this address" in text(page)


def test_a_crash_is_explained_without_its_details(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: object, **context: object) -> None:
        raise RuntimeError("secret")

    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(views, "render", crash)
        page = client.get("/")
    assert page.status_code == 500
    assert "Something went wrong here" in text(page)
    assert b"secret" not in page.content


def test_a_crash_of_the_api_is_a_problem_without_its_details() -> None:
    answer = views.server_error(RequestFactory().get("/api/v1/products"))
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "address", ["/", "/sign-in", "/nowhere", "/admin/login/", "/api/docs/", "/api/docs/?script="]
)
def test_pages_forbid_what_is_inline_or_comes_from_elsewhere(client: Client, address: str) -> None:
    page = client.get(address)
    policy = dict(part.strip().split(" ", 1) for part in page["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["X-Frame-Options"] == "DENY"
    if "html" not in page["Content-Type"]:
        return
    html = page.content.decode()
    # What the policy would block must not be there in the first place.
    assert "<style" not in html
    assert not re.search(r"\s(on\w+|style)=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", html)
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", html)


def test_the_description_of_the_api_is_open_to_everybody(client: Client) -> None:
    assert client.get("/api/docs/").status_code == 200
    schema = client.get("/api/schema/?format=json").json()
    assert "/api/v1/products/{id}" in schema["paths"]


def test_a_wrong_host_is_refused_without_a_traceback_for_each(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 400
    assert [record for record in caplog.records if record.exc_info] == []
