"""Whatever changes something may arrive twice, online too: browsers send a POST again unasked."""

from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from config.tests.test_role_matrix import (
    BODIES,
    LINES,
    Line,
    address_of,
    addresses,
    cookies_of,
    methods,
    world,
)

__all__ = ["world"]

API = "/api/v1/"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
# What takes no Idempotency-Key, and why it may arrive twice all the same.
WITHOUT = {
    ("POST", "/api/v1/session"): "signs in again; the answer's CSRF token must not be kept",
    ("DELETE", "/api/v1/session"): "who is signed out is signed out",
    ("POST", "/api/v1/sync/push"): "each change in it has an id of its own, and one effect",
}
# Members that are told once.
SECRET = {"token"}

writes = [line for line in LINES if line.route.startswith(API) and line.method in UNSAFE]
keyed = [line for line in writes if (line.method, line.route) not in WITHOUT]


def test_the_table_of_roles_names_every_write() -> None:
    real = {
        (method, route)
        for route, view in addresses()
        if route.startswith(API)
        for method in methods(view) & UNSAFE
    }
    assert real == {(line.method, line.route) for line in writes}
    assert set(WITHOUT) <= real


def send(line: Line, address: str, cookies: SimpleCookie, **changed: str) -> Any:
    client = Client(raise_request_exception=False)
    client.cookies = SimpleCookie({name: morsel.value for name, morsel in cookies.items()})
    body = {**BODIES.get(f"{line.method} {line.route}", {}), **changed}
    return getattr(client, line.method.lower())(
        address, body, content_type="application/json", headers={"Idempotency-Key": "k"}
    )


@pytest.mark.django_db
def test_each_has_one_effect_and_one_answer_under_a_key(world: dict[str, Any]) -> None:
    cookies = cookies_of("administrator")
    found = []
    for line in keyed:
        address = address_of(line, world, "administrator")
        with transaction.atomic():
            first, second = send(line, address, cookies), send(line, address, cookies)
            other = send(line, address, cookies, something="else")
            transaction.set_rollback(True)
        name = f"{line.method} {line.route}"
        if not 200 <= first.status_code < 300:
            found.append(f"{name} answers {first.status_code}: say in BODIES what to send.")
        elif told(first) != told(second) or second.get("Idempotency-Replayed") != "true":
            found.append(f"{name} answers otherwise the second time: {second.content!r}")
        elif other.status_code != 422 or other.json()["code"] != "idempotency_key_reused":
            found.append(f"{name} takes another body under the same key.")
    assert not found, "\n".join(found)


def told(answer: Any) -> tuple[object, ...]:
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in SECRET}
    headers = {name: answer.get(name) for name in ("Content-Type", "ETag", "Location")}
    return answer.status_code, body, headers


def test_the_openapi_document_names_the_header_of_each() -> None:
    # drf-spectacular has no types here.
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        if path.startswith(API)
        for method, operation in operations.items()
        if method.upper() in UNSAFE
        if "Idempotency-Key" in {one["name"] for one in operation.get("parameters", [])}
    }
    assert {(method, path.replace("{", "<").replace("}", ">")) for method, path in found} == {
        (line.method, line.route) for line in keyed
    }
