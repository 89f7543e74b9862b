"""Whatever is sent, the answer is a clear refusal or an answer, never a crash."""

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ledger.models import Entry
from predictions.models import Prediction
from predictions.tests.conftest import DRILL, Post
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


def send(client: Client, body: bytes | str, content_type: str = "application/json") -> Any:
    return client.post("/api/v1/predictions", body, content_type=content_type)


def assert_refused(response: Any, status: int = 400) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["detail"]
    assert not Prediction.objects.exists()
    assert not Entry.objects.filter(kind="prediction.made").exists()
    return dict(problem)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", 5, "not_text"),
        ("name", ["a"], "not_text"),
        ("name", {"a": 1}, "not_text"),
        ("name", True, "not_text"),
        ("name", "x" * 501, "max_length"),
        ("description", "x" * 20_001, "max_length"),
        ("description", "x" * 2_000_000, "max_length"),
        ("brand", "x" * 2_001, "max_length"),
        ("width_mm", -1, "out_of_range"),
        ("width_mm", 0, "out_of_range"),
        ("width_mm", 100_001, "out_of_range"),
        ("width_mm", 10**30, "out_of_range"),
        ("width_mm", 1.5, "not_whole"),
        ("width_mm", 1.0, "not_whole"),
        ("width_mm", "12", "not_whole"),
        ("width_mm", True, "not_whole"),
        ("weight_g", 10_000_001, "out_of_range"),
        ("price", "-1", "not_money"),
        ("price", "1,50", "not_money"),
        ("price", "1.505", "not_money"),
        ("price", "NaN", "not_money"),
        ("price", "٣", "not_money"),
        ("price", True, "not_money"),
        ("price", 1e300, "not_money"),
        ("price", [], "not_money"),
        ("colour", "red", "unknown_field"),
        ("", "red", "unknown_field"),
    ],
)
def test_the_fault_is_named_by_its_place(
    deployed: SHA256, post: Post, field: str, value: Any, code: str
) -> None:
    problem = assert_refused(post({**DRILL, field: value}))
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        (f"/{field}", code)
    ]


def test_in_a_list_the_place_has_the_products_number(deployed: SHA256, post: Post) -> None:
    problem = assert_refused(post([DRILL, {"name": 5}, DRILL, {"width_mm": -1, "x/y": 1}, 7]))
    assert [error["pointer"] for error in problem["errors"]] == [
        "/1/name",
        "/3/width_mm",
        "/3/x~1y",
        "/4",
    ]


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": None, "width_mm": None}])
def test_a_product_that_says_nothing_is_refused(
    deployed: SHA256, post: Post, body: dict[str, Any]
) -> None:
    assert "nothing to go by" in assert_refused(post(body))["detail"]


@pytest.mark.parametrize("count", [0, 1001])
def test_a_list_has_one_to_a_thousand_products(deployed: SHA256, post: Post, count: int) -> None:
    assert "1 to 1,000" in assert_refused(post([{"name": "x"}] * count))["detail"]


@pytest.mark.parametrize(
    "body",
    [
        " ",
        "nonsense",
        "{",
        '{"name": "x"',
        "null",
        "true",
        "5",
        '"x"',
        '{"width_mm": NaN}',
        '{"width_mm": Infinity}',
        '{"width_mm": -Infinity}',
        '{"name": "a", "name": "b"}',
        '{"name": "\\ud800"}',
        '{"name": "\\u0000"}',
        '{"\\ud800": "x"}',
        '{"name": "x"} {"name": "y"}',
        '{"width_mm": ' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"name":' * 5_000 + "1" + "}" * 5_000,
        b"\xff\xfe",
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "\x00"}',
    ],
)
def test_what_is_no_product_is_refused(deployed: SHA256, client: Client, body: bytes | str) -> None:
    assert_refused(send(client, body))


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_only_json_is_read(deployed: SHA256, client: Client, content_type: str) -> None:
    assert_refused(send(client, json.dumps(DRILL), content_type), 415)


def test_a_body_without_a_type_is_refused(deployed: SHA256, client: Client) -> None:
    assert_refused(client.generic("POST", "/api/v1/predictions", "{}", content_type=""), 415)


def test_json_with_a_charset_is_json(deployed: SHA256, client: Client) -> None:
    response = send(client, json.dumps(DRILL), "application/json; charset=utf-8")
    assert response.status_code == 200


def test_a_body_beyond_every_limit_is_refused(deployed: SHA256, client: Client) -> None:
    assert_refused(send(client, json.dumps([{"name": "x" * 3_000_000}])), 413)


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_refused(deployed: SHA256, client: Client, method: str) -> None:
    assert_refused(getattr(client, method)("/api/v1/predictions"), 405)


@pytest.mark.parametrize("number", ["0", "99999999999999999999999999", "1"])
def test_there_is_no_prediction_for_a_product_that_is_not_there(
    deployed: SHA256, client: Client, number: str
) -> None:
    assert_refused(client.get(f"/api/v1/products/{number}/prediction"), 404)


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=50),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)
_products = st.dictionaries(
    st.sampled_from([*DRILL, "brand", "price", "height_mm", "depth_mm"]) | st.text(max_size=9),
    _values,
    max_size=6,
)


@given(body=_products | st.lists(_products, max_size=5) | _values)
@example(body={"name": "\u2028\u202e\ufffe\U0010ffff"})
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nothing_that_json_can_say_crashes_the_server(
    deployed: SHA256, client: Client, body: Any
) -> None:
    response = send(client, json.dumps(body))
    assert response.status_code in (200, 400)
    assert json.loads(response.content)


@given(body=st.binary(max_size=200))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_bytes_crash_the_server(deployed: SHA256, client: Client, body: bytes) -> None:
    # Without a body there is no type of it either.
    assert send(client, body).status_code == (400 if body else 415)
