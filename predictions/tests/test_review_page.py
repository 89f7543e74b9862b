"""The room where people answer what the models were unsure about."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from lib import islands

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the island have its files, whether the frontend is built or not."""
    files = {"src/islands/review/index.tsx": {"file": "review-aaaaaaaa.js"}}
    monkeypatch.setattr(islands, "_modified", lambda: 0)
    monkeypatch.setattr(islands, "_manifest", lambda modified: files)


def test_a_stranger_signs_in_first(client: Client) -> None:
    assert client.get("/review")["Location"] == "/sign-in?next=/review"


@pytest.mark.parametrize(
    ("who", "status"),
    [("carla", 200), ("rita", 200), ("admin", 200), ("alice", 403), ("bob", 403), ("dora", 403)],
)
def test_only_who_may_review_enters(
    client: Client, request: pytest.FixtureRequest, who: str, status: int
) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get("/review").status_code == status


def test_the_page_carries_its_island_and_nothing_inline(client: Client, rita: User) -> None:
    client.force_login(rita)
    page = client.get("/review").content.decode()
    assert 'data-island="review"' in page
    assert 'href="/review" aria-current="page"' in page
    assert "<style" not in page
    assert not re.search(r"\s(on\w+|style)=", page)


def test_it_asks_for_nothing_but_who_is_there_and_what_they_may(
    client: Client, rita: User, django_assert_num_queries: Callable[[int], Any]
) -> None:
    client.force_login(rita)
    with django_assert_num_queries(4):
        client.get("/review")
