"""The page of the audit desk that shows what tablets sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from accounts.actions import erase_person
from accounts.models import User
from inventory import actions as inventory
from inventory.models import Product
from lib import clock
from predictions.tests.past import DAY
from sync.models import Change
from sync.tests.pushing import Json, Tablet, outcome

pytestmark = pytest.mark.django_db

LIST = "/admin/sync/change/"


@pytest.fixture
def desk(enter: Callable[[User], Client], dora: User) -> Client:
    return enter(dora)


@pytest.fixture
def product(rita: User) -> Product:
    return inventory.create_product(fields={"sku": "A", "name": "Drill"}, by=rita, now=clock.now())


@pytest.fixture
def contested(carla: User, rita: User, product: Product) -> Json:
    inventory.update_product(
        product_id=product.pk, fields={"name": "Hammer"}, by=rita, now=clock.now()
    )
    tablet = Tablet(carla)
    edit = tablet.edit(product, {"name": "Drill"}, name="<b>Saw</b>")
    late = (clock.now() + timedelta(days=2)).isoformat()
    assert outcome(tablet.one(edit, sent_at=late)) == ("conflict", "field")
    tablet.push(tablet.create())
    return edit


def words(page: Any) -> str:
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.content.decode()))


def listed(client: Client, **query: str) -> list[str]:
    """Return how the changes on a page of the list ended."""
    page = client.get(LIST, query)
    assert page.status_code == 200
    return [row.status for row in page.context["cl"].result_list]


def test_the_list_shows_the_newest_first_and_both_values(desk: Client, contested: Json) -> None:
    assert listed(desk) == ["applied", "conflict"]
    text = words(desk.get(LIST))
    assert "name: Hammer / &lt;b&gt;Saw&lt;/b&gt;" in text
    assert "conflict: field" in text
    assert re.search(r"28[78]\d min ahead", text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "A"}, ["conflict"]),
        ({"q": "carla"}, ["applied", "conflict"]),
        ({"q": "rita"}, []),
        ({"q": "conflict"}, ["conflict"]),
        ({"q": "field"}, ["conflict"]),
        ({"q": "nothing"}, []),
        ({"status": "applied"}, ["applied"]),
        ({"contested": "open"}, ["conflict"]),
        ({"contested": "settled"}, []),
        ({"contested": "x"}, []),
        ({"person": "carla"}, ["applied", "conflict"]),
        ({"person": "nobody"}, []),
        ({"product": "A"}, ["conflict"]),
        ({"from_date": "2100-01-01"}, []),
    ],
)
def test_it_is_searched_by_product_person_and_outcome(
    desk: Client, contested: Json, query: dict[str, str], found: list[str]
) -> None:
    assert listed(desk, **query) == found


def test_the_page_of_a_change_tells_both_values_who_and_when(
    desk: Client, contested: Json, carla: User
) -> None:
    text = words(desk.get(f"{LIST}{contested['id']}/change/"))
    assert "name Hammer rita," in text
    assert "&lt;b&gt;Saw&lt;/b&gt;" in text
    assert "Nobody has settled it yet." in text
    assert re.search(r"28[78]\d min ahead when it was sent", text)
    assert "2026-11-20 08:15:00" in text
    settles = {**Tablet(carla).change("conflict.dismiss"), "resolves": contested["id"]}
    assert outcome(Tablet(carla).one(settles)) == ("applied", None)
    assert "Dismiss by Carla settled it" in words(desk.get(f"{LIST}{contested['id']}/change/"))
    assert listed(desk, contested="settled") == ["conflict"]


def test_what_was_erased_is_called_erased(desk: Client, contested: Json, carla: User) -> None:
    erase_person(user=carla, reason="She asked.", by=None, now=clock.now())
    text = words(desk.get(f"{LIST}{contested['id']}/change/"))
    assert "Saw" not in text
    assert "erased" in text
    assert "Saw" not in words(desk.get(LIST))


def test_changes_of_one_moment_are_on_one_page_or_the_next(desk: Client, carla: User) -> None:
    tablet = Tablet(carla)
    with patch.object(clock, "now", lambda: DAY):
        for number in range(60):
            tablet.push(tablet.create(sku=str(number)))
    assert set(Change.objects.values_list("received_at", flat=True)) == {DAY.astimezone(UTC)}
    page = desk.get(LIST)
    first = [row.pk for row in page.context["cl"].result_list]
    older = desk.get(LIST + page.context["cl"].older)
    second = [row.pk for row in older.context["cl"].result_list]
    assert (len(first), len(second)) == (50, 10)
    assert len({*first, *second}) == 60
    newer = desk.get(LIST + older.context["cl"].newer)
    assert [row.pk for row in newer.context["cl"].result_list] == first


@pytest.mark.parametrize("before", ["x", "x~y", f"{datetime.max.isoformat()}~", "~", "1~2~3"])
def test_a_page_that_is_none_leads_back_to_the_list(desk: Client, before: str) -> None:
    assert desk.get(LIST, {"before": before}).status_code == 302


@pytest.mark.parametrize("who", ["carla", "rita", "alice", "bob"])
def test_only_who_audits_reads_it(
    request: pytest.FixtureRequest, enter: Callable[[User], Client], contested: Json, who: str
) -> None:
    client = enter(request.getfixturevalue(who))
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{contested['id']}/change/").status_code == 403
