"""The API takes what a scanner sends wherever it takes a GTIN, and finds products by it."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db

GTIN = "09506000134352"
LABEL = f"]d201{GTIN}1726123110AB\x1d21S7"


@pytest.fixture
def ada(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def add(client: Client, **fields: object) -> Any:
    answer = client.post("/api/v1/products", fields, content_type="application/json")
    return answer.json() if answer.status_code == 201 else answer


def found(client: Client, code: str) -> list[str]:
    answer = client.get("/api/v1/products", {"code": code})
    assert answer.status_code == 200
    return [one["sku"] for one in answer.json()["results"]]


@pytest.mark.parametrize(
    "sent",
    [
        "9506000134352",
        "]E09506000134352",
        LABEL,
        f"(01){GTIN}(10)AB",
        f"https://id.gs1.org/01/{GTIN}/10/AB?17=261231",
    ],
)
def test_a_product_gets_the_gtin_that_a_scanner_sent_and_is_found_by_it(
    ada: Client, sent: str
) -> None:
    made = add(ada, sku="P-1", name="Drill", gtin=sent)
    assert made["gtin"] == "9506000134352"
    add(ada, sku="P-2", name="Another")
    assert found(ada, sent) == ["P-1"]


@pytest.mark.parametrize("sent", ["4006381333932", f"01{GTIN[:-1]}3", "00340123450000000000"])
def test_what_holds_no_right_gtin_is_refused(ada: Client, sent: str) -> None:
    answer = add(ada, sku="P-1", name="Drill", gtin=sent)
    assert answer.status_code == 400


def test_a_code_is_also_a_sku_even_if_it_looks_like_a_wrong_gtin(ada: Client) -> None:
    add(ada, sku="4006381333932", name="Drill")
    add(ada, sku="KOR 1", name="Saw")
    assert found(ada, "4006381333932") == ["4006381333932"]
    assert found(ada, " KOR 1\r\n") == ["KOR 1"]
    assert found(ada, "KOR") == []


def test_a_code_can_be_both_a_sku_and_a_gtin(ada: Client) -> None:
    add(ada, sku="96385074", name="Drill")
    add(ada, sku="P-1", name="Saw", gtin="96385074")
    assert found(ada, "96385074") == ["96385074", "P-1"]
