import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ErrorDetail, ParseError, Throttled, ValidationError
from rest_framework.request import Request

from accounts.models import User
from inventory.models import Product
from lib.api import Conflict, field_errors, load_json, pointer, problem_handler


def handled(error: Exception) -> Any:
    request = RequestFactory().get("/api/v1/things")
    response = problem_handler(error, {"request": Request(request)})
    assert response is not None
    return response


def pointers(detail: object) -> list[str]:
    return [error["pointer"] for error in field_errors(detail)]


def test_a_place_deep_in_a_list_has_its_pointer() -> None:
    detail = ValidationError([{}, {"name": ["Too long."]}, {"a": {"b": ["x", "y"]}}]).detail
    assert pointers(detail) == ["/1/name", "/2/a/b", "/2/a/b"]
    assert [error["field"] for error in field_errors(detail)] == ["name", "b", "b"]


def test_a_place_named_by_its_number_has_its_pointer() -> None:
    detail = ValidationError({"17": {"name": ["Too long."]}}).detail
    assert pointers(detail) == ["/17/name"]


def test_a_fault_of_the_whole_is_at_the_root() -> None:
    assert pointers(ValidationError("No.").detail) == [""]
    assert pointers({"non_field_errors": [ErrorDetail("No.")]}) == [""]


@given(st.lists(st.text(max_size=5), max_size=4))
def test_a_pointer_leads_back_to_its_place(path: list[str]) -> None:
    parts = pointer(path).split("/")[1:]
    assert [part.replace("~1", "/").replace("~0", "~") for part in parts] == path


def test_a_thousand_faults_are_counted_and_a_hundred_shown() -> None:
    body = handled(ValidationError([{"name": ["Missing."]}] * 1000)).data
    assert body["error_count"] == 1000
    assert len(body["errors"]) == 100
    assert body["detail"] == "/0/name: Missing. And 999 more."


def test_who_asks_too_often_is_told_when_to_come_back() -> None:
    response = handled(Throttled(wait=2.3))
    assert (response.status_code, response["Retry-After"]) == (429, "3")


def test_a_conflict_can_carry_what_is_stored_now() -> None:
    conflict = Conflict("Too late.", code="stale")
    conflict.members = {"current_version": 7}
    body = handled(conflict).data
    assert (body["code"], body["current_version"]) == ("stale", 7)
    assert Conflict.members == {}


def test_a_problem_names_the_request_it_answers() -> None:
    response = handled(ParseError())
    assert response.data["instance"] == "/api/v1/things"
    assert response.content_type == "application/problem+json"


def test_a_mistake_of_ours_is_not_dressed_up_as_an_answer() -> None:
    request = Request(RequestFactory().get("/"))
    assert problem_handler(ZeroDivisionError(), {"request": request}) is None


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["the view", "the middleware"])
def test_a_database_that_is_away_is_answered_with_when_to_ask_again(
    client: Client, carla: User, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    client.force_login(carla)
    client.raise_request_exception = False

    def away(*args: object, **options: object) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    if where == "the view":
        monkeypatch.setattr(Product.objects, "present", away)
    else:
        monkeypatch.setattr("django.contrib.auth.get_user", away)
        monkeypatch.setattr("django.contrib.auth.middleware.auth.get_user", away)
    answer = client.get("/api/v1/products")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert answer["Content-Type"] == "application/problem+json"
    assert "closed the connection" not in answer.content.decode()


# Reading JSON


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**30), 10**30)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner
            )
        ),
        max_leaves=10,
    ),
    st.booleans(),
)
def test_json_is_read_as_it_was_written(value: object, escaped: bool) -> None:
    assert load_json(json.dumps(value, ensure_ascii=escaped).encode()) == value


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'[{"a": ["x", "\\u0000"]}]', "/0/a/1"),
        (b'{"a/b": {"~": "\\uDC00"}}', "/a~1b/~0"),
        (b'"\\ud83d"', ""),
        (b'["\\ud83d\\ud83d"]', "/0"),
    ],
)
def test_text_that_no_database_can_hold_is_found_wherever_it_is(raw: bytes, place: str) -> None:
    with pytest.raises(ValidationError) as error:
        load_json(raw)
    assert pointers(error.value.detail) == [place]


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert load_json(b'["\\ud83d\\ude00", "\\\\u0000"]') == ["😀", "\\u0000"]
