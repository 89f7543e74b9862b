"""A thousand requests of every sort leave a thousand whole receipts."""

import json
from dataclasses import replace
from itertools import count, cycle
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from accounts.models import User
from inventory import actions as inventory
from ledger.models import Entry
from lib import clock
from predictions import serving
from predictions.models import Prediction, ReplayOutcome
from predictions.replay import Models, replay, stored
from predictions.tests.conftest import DRILL, client_of
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db
MANY = 1000
# What every receipt says, and of what kind that is.
FIELDS: dict[str, type | tuple[type, ...]] = {
    "format": str,
    "id": str,
    "made_at": str,
    "duration_us": int,
    "input_commitment": str,
    "product": (dict, type(None)),
    "category": (str, type(None)),
    "score": (int, type(None)),
    "confidence_ppm": (int, type(None)),
    "alternatives": list,
    "decision_path": str,
    "passed_over": list,
    "threshold_ppm": (int, type(None)),
    "needs_review": bool,
    "taxonomy_version": int,
    "model_sha256": (str, type(None)),
    "dataset_sha256": (str, type(None)),
    "text": (str, type(None)),
    "code_commit": str,
    "asked_by": dict,
    "request_id": str,
}
NAMES = ["Cordless drill", "Claw hammer", "Wood screw", "Shelf unit", "Work gloves", "Desk lamp"]


class Asking:
    """Requests of every sort, one after the other."""

    def __init__(self, client: Client, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client, self.monkeypatch = client, monkeypatch
        self.numbers = count()
        self.ids: list[str] = []
        self.products = [
            inventory.create_product(
                fields={"sku": f"S{number}", "name": name}, by=admin, now=clock.now()
            ).pk
            for number, name in enumerate(NAMES)
        ]

    def something(self) -> dict[str, Any]:
        number = next(self.numbers)
        return {**DRILL, "name": f"{NAMES[number % 6]} {number}", "width_mm": number + 1}

    def post(self, body: Any, **headers: str) -> Any:
        answer = self.client.post(
            "/api/v1/predictions", body, content_type="application/json", headers=headers
        )
        assert answer.status_code == 200, answer.content
        return answer.json()

    def one(self, body: dict[str, Any] | None = None, **headers: str) -> None:
        self.ids.append(self.post(body or self.something(), **headers)["id"])

    def without(self, *paths: str) -> None:
        """Ask while these models cannot be used."""
        chain = serving.chain()
        links = tuple(link for link in chain.links if link.path not in paths)
        with self.monkeypatch.context() as patch:
            patch.setattr(serving, "chain", lambda: replace(chain, links=links))
            self.one()

    def live(self) -> None:
        self.one()

    def fallback(self) -> None:
        self.without("live")

    def rules(self) -> None:
        self.without("live", "fallback")

    def nobody(self) -> None:
        self.one({"name": "zxqj"})

    def nobody_because_of_trouble(self) -> None:
        self.without("live", "fallback", "rules")

    def listed(self) -> None:
        self.ids += [one["id"] for one in self.post([self.something() for _ in range(5)])]

    def about_a_product(self) -> None:
        product = self.products[next(self.numbers) % len(self.products)]
        self.ids.append(self.client.get(f"/api/v1/products/{product}/prediction").json()["id"])

    def delivered_twice(self) -> None:
        body, key = self.something(), str(uuid4())
        first = self.post(body, **{"Idempotency-Key": key})
        assert self.post(body, **{"Idempotency-Key": key}) == first
        self.ids.append(first["id"])

    def from_a_tablet(self) -> None:
        self.one(
            None,
            **{
                "Shelfmark-Device": f"tablet-{next(self.numbers)}",
                "Shelfmark-Device-Time": "2026-11-20T09:15:00+01:00",
            },
        )


SORTS = [
    Asking.live,
    Asking.fallback,
    Asking.rules,
    Asking.nobody,
    Asking.nobody_because_of_trouble,
    Asking.listed,
    Asking.about_a_product,
    Asking.delivered_twice,
    Asking.from_a_tablet,
]


@pytest.fixture
def asked(deployed: SHA256, carla: User, admin: User, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asking = Asking(client_of(carla), admin, monkeypatch)
    for sort in cycle(SORTS):
        sort(asking)
        if len(asking.ids) >= MANY:
            return asking.ids
    raise AssertionError


def test_a_thousand_mixed_requests_leave_a_thousand_whole_receipts(asked: list[str]) -> None:
    assert len(set(asked)) == len(asked) >= MANY
    assert {str(one) for one in Prediction.objects.values_list("pk", flat=True)} == set(asked)
    entries = {str(one.uuid): one for one in Entry.objects.filter(kind="prediction.made")}
    assert set(entries) == set(asked)
    paths = set()
    for kept in stored(map(UUID, asked)):
        assert kept.body == entries[str(kept.id)].content()
        receipt = json.loads(kept.body)
        paths.add(receipt["decision_path"])
        assert receipt.keys() == FIELDS.keys()
        for name, kind in FIELDS.items():
            assert isinstance(receipt[name], kind), (name, receipt[name])
        assert receipt["id"] == str(kept.id)
        assert receipt["asked_by"]["person_commitment"]
        assert kept.input is not None
        if receipt["decision_path"] == "none":
            assert receipt["category"] is None
            assert len(receipt["passed_over"]) == 3
        else:
            assert receipt["category"]
            assert receipt["model_sha256"]
            assert receipt["dataset_sha256"]
            assert receipt["text"] == "text/1"
    assert paths == {"live", "fallback", "rules", "none"}


def test_a_thousand_mixed_receipts_are_replayed_and_none_is_passed_in_silence(
    asked: list[str],
) -> None:
    models = Models()
    for kept in stored(map(UUID, asked)):
        assert kept.body is not None
        receipt = json.loads(kept.body)
        replayed = replay(kept, find=models.get, code="now")
        was_broken = any(one["why"] == "unusable" for one in receipt["passed_over"])
        if receipt["decision_path"] == "none" and was_broken:
            assert replayed.reason == "not_repeatable"
        else:
            assert replayed.outcome == ReplayOutcome.IDENTICAL, replayed
            assert was_broken == any("nobody can repeat" in note for note in replayed.notes)
