"""Whatever is sent, the answer is a clear refusal that names the place, never a crash."""

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from inventory.models import Product

pytestmark = pytest.mark.django_db
GOOD: dict[str, object] = {"sku": "A-1", "name": "Drill"}


@pytest.fixture
def ada(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def send(client: Client, body: bytes | str, content_type: str = "application/json") -> Any:
    return client.post("/api/v1/products", body, content_type=content_type)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku", None),
        ("sku", ""),
        ("sku", "  "),
        ("sku", "x" * 65),
        ("sku", "a\nb"),
        ("sku", "a\u202eb"),
        ("sku", 12),
        ("sku", ["A"]),
        ("sku", {"a": 1}),
        ("name", ""),
        ("name", True),
        ("name", "x" * 501),
        ("name", "nul\0"),
        ("name", "\ud800"),
        ("name", "half \udfff pair"),
        ("description", None),
        ("description", "x" * 2_000_000),
        ("brand", "x" * 2001),
        ("gtin", "4006381333932"),
        ("gtin", "123"),
        ("gtin", "00000000"),
        ("gtin", "40063813339 3"),
        ("gtin", "٤٠٠٦٣٨١٣٣٣٩٣١"),
        ("gtin", 4006381333931),
        ("gtin", ""),
        ("width_mm", -1),
        ("width_mm", 0),
        ("width_mm", 100_001),
        ("width_mm", 10**40),
        ("width_mm", 1.5),
        ("width_mm", 10.0),
        ("width_mm", "10"),
        ("width_mm", True),
        ("width_mm", [1]),
        ("weight_g", 10_000_001),
        ("price", -1),
        ("price", "-0.01"),
        ("price", "12.905"),
        ("price", 12.905),
        ("price", "1e3"),
        ("price", 1e300),
        ("price", "NaN"),
        ("price", "Infinity"),
        ("price", "١٢"),
        ("price", " 12.90"),
        ("price", ""),
        ("price", "10000000000"),
        ("price", False),
        ("category", ""),
        ("category", 7),
        ("category", "nowhere"),
        ("category", "x" * 1001),
        ("colour", "red"),
        ("version", 1),
        ("id", 1),
        ("~/tilde", 1),
    ],
)
def test_a_field_that_does_not_fit_is_named(ada: Client, field: str, value: object) -> None:
    answer = send(ada, json.dumps({**GOOD, field: value}))
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert [error["pointer"] for error in problem["errors"]] == [
        "/" + field.replace("~", "~0").replace("/", "~1")
    ]
    assert problem["errors"][0]["field"] == field
    assert problem["errors"][0]["detail"]
    assert problem["error_count"] == 1
    assert problem["status"] == 400
    assert problem["instance"] == "/api/v1/products"
    assert problem["request_id"]
    assert not Product.objects.exists()


def test_every_fault_is_named_at_once(ada: Client) -> None:
    answer = send(ada, json.dumps({"name": "", "width_mm": -1, "colour": "red"}))
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/sku",
        "/name",
        "/width_mm",
        "/colour",
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}x",
        b"nothing",
        b"\xff\xfe",
        b'{"sku": "A", "name": "\xed\xa0\x80"}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": -Infinity}',
        b'{"sku": "A", "sku": "B", "name": "x"}',
        b'{"width_mm": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"{'sku': 'A'}",
        b'{"name": "tab\there"}',
        b"null",
        b"[]",
        b'"text"',
        b"12",
        b'{"\\ud800": 1}',
        b'{"\\u0000": 1}',
        b'"\\ud800"',
    ],
)
def test_a_body_that_is_no_product_is_refused(ada: Client, body: bytes) -> None:
    answer = send(ada, body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    json.loads(answer.content)
    assert not Product.objects.exists()


def test_text_that_was_escaped_on_the_way_arrives_whole(ada: Client) -> None:
    answer = send(ada, b'{"sku": "A", "name": "\\ud83d\\udd28 \\u00e4 \\\\ud800"}')
    assert answer.status_code == 201
    assert answer.json()["name"] == "🔨 ä \\ud800"


def test_a_body_that_is_too_large_is_refused(ada: Client) -> None:
    answer = send(ada, json.dumps({**GOOD, "description": "x" * 3_000_000}))
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_a_body_in_chunks_is_refused_with_the_reason(ada: Client) -> None:
    answer = ada.post(
        "/api/v1/products",
        json.dumps(GOOD),
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
    )
    assert answer.status_code == 411
    assert answer.json()["code"] == "length_required"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"]
)
def test_another_content_type_is_refused(ada: Client, content_type: str) -> None:
    answer = send(ada, json.dumps(GOOD), content_type)
    assert answer.status_code == 415
    assert answer["Content-Type"] == "application/problem+json"


def test_another_method_is_refused(ada: Client) -> None:
    answer = ada.put("/api/v1/products", "{}", content_type="application/json")
    assert answer.status_code == 405
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_an_answer_that_is_not_json_is_not_there(ada: Client) -> None:
    answer = ada.get("/api/v1/products", headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert answer["Content-Type"] == "application/problem+json"


def test_an_address_that_is_not_there_is_a_problem_too(client: Client) -> None:
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_a_host_we_do_not_serve_is_a_problem_too(client: Client) -> None:
    answer = client.get("/api/v1/products", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.sampled_from(["4006381333931", "12.90", "\0", "\ud800", "1e999", 2**63, -(2**63)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec=None), max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
bodies = st.dictionaries(
    st.sampled_from(
        ["sku", "gtin", "name", "description", "width_mm", "price", "category", "version", "oops"]
    ),
    json_values,
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=bodies | json_values, method=st.sampled_from(["post", "put", "patch"]))
def test_no_body_at_all_makes_a_crash(ada: Client, body: object, method: str) -> None:
    ada.raise_request_exception = True
    product = Product.objects.filter(deleted_at=None).first()
    address = "/api/v1/products"
    if method != "post" and product:
        address += f"/{product.pk}"
    answer = getattr(ada, method)(address, json.dumps(body), content_type="application/json")
    assert answer.status_code < 500
    json.loads(answer.content)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(raw=st.binary(max_size=200))
def test_no_bytes_at_all_make_a_crash(ada: Client, raw: bytes) -> None:
    assert send(ada, raw).status_code in (400, 201)
