import pytest
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db
PRODUCT = {"sku": "A-1", "name": "Drill"}


def test_a_stranger_is_unauthorized_and_not_sent_to_a_page(client: Client) -> None:
    answer = client.get("/api/v1/products")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Token"
    assert answer.json()["code"] == "not_authenticated"


def test_somebody_whose_role_does_not_allow_it_is_forbidden(client: Client, dora: User) -> None:
    client.force_login(dora)
    answer = client.post("/api/v1/products", PRODUCT, content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "permission_denied"


def test_a_write_with_a_session_needs_the_csrf_token(admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    answer = client.post("/api/v1/products", PRODUCT, content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "csrf_failed"


def test_a_write_with_a_session_and_the_csrf_token_goes_through(admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    client.get("/sign-in")
    token = client.cookies["csrftoken"].value
    answer = client.post(
        "/api/v1/products",
        PRODUCT,
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )
    assert answer.status_code == 201


def test_somebody_who_is_no_longer_active_is_signed_out(client: Client, carla: User) -> None:
    client.force_login(carla)
    assert client.get("/api/v1/products").status_code == 200
    User.objects.filter(pk=carla.pk).update(is_active=False)
    assert client.get("/api/v1/products").status_code == 401
