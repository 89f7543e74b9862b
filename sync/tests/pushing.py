"""A tablet as the server hears it: it makes changes and sends them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.test import Client

from accounts.models import User
from inventory.models import Product
from ledger.models import Entry
from ledger.openings import opened

PUSH = "/api/v1/sync/push"
OPS = "/api/v1/sync/ops"
MADE = "2026-11-20T08:15:00.001Z"
Json = dict[str, Any]


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@dataclass
class Tablet:
    person: User
    device: str = field(default_factory=lambda: str(uuid4()))
    seq: int = 0

    def __post_init__(self) -> None:
        self.client = client_of(self.person)

    def change(self, kind: str, product: Any = None, **payload: Any) -> Json:
        """Return a change that was not sent yet. Keyword arguments are what it carries."""
        self.seq += 1
        return {
            "id": str(uuid4()),
            "seq": self.seq,
            "person": self.person.pk,
            "kind": kind,
            "product": {"id": product.pk} if isinstance(product, Product) else product,
            "base_version": product.version if isinstance(product, Product) else None,
            "payload": payload,
            "made_at": MADE,
            "resolves": None,
        }

    def create(self, uuid: str | None = None, category: str | None = None, **fields: Any) -> Json:
        fields = {"sku": "NEW", "name": "Lamp", **fields}
        product = {"uuid": uuid or str(uuid4())}
        return self.change("product.create", product, fields=fields, category=category)

    def edit(self, product: Any, base: Json, **fields: Any) -> Json:
        return self.change("product.edit", product, set=fields, base=base)

    def categorize(
        self, product: Any, category: str | None, seen: int | None = None, **more: Any
    ) -> Json:
        change = self.change(
            "product.categorize", product, category=category, seen={"category_id": seen}
        )
        return {**change, **more}

    def send(self, *changes: Any, **more: Any) -> Any:
        """Return the answer to a batch."""
        body = {
            "protocol": 1,
            "device": self.device,
            "sent_at": datetime.now(UTC).isoformat(),
            "build": "a1b2",
            "changes": changes,
            **more,
        }
        return self.client.post(PUSH, json.dumps(body), content_type="application/json")

    def push(self, *changes: Any, **more: Any) -> list[Json]:
        answer = self.send(*changes, **more)
        assert answer.status_code == 200, answer.content
        results: list[Json] = answer.json()["results"]
        assert [one["id"] for one in results] == [one["id"] for one in changes]
        return results

    def one(self, change: Json, **more: Any) -> Json:
        return self.push(change, **more)[0]


def entries(subject: str = "", kind: str = "change.") -> list[Entry]:
    """Return the entries about changes, the oldest first."""
    found = Entry.objects.filter(kind__startswith=kind).order_by("pk")
    return list(found.filter(subject=subject) if subject else found)


def details(entry: Entry) -> Json:
    told: Json = json.loads(entry.content())["details"]
    return told


def private(entry: Entry) -> Json:
    told: Json = opened(entry.uuid)["details"].value
    return told


def outcome(result: Json) -> tuple[str, str | None]:
    return result["status"], result["code"]


def outcomes(results: list[Json]) -> Iterator[tuple[str, str | None]]:
    return map(outcome, results)
