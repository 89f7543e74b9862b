"""Tablets as far as the server can tell: an outbox, a mirror, and a network that does as it likes.

What travels between a tablet and the server is kept here until the test decides what becomes of
it: it arrives, arrives twice or late, or never.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.test import Client

from accounts.models import User
from inventory.api import ProductOutput
from inventory.models import Category, Product
from ledger.models import Entry
from lib import clock
from predictions.models import Prediction, Review, Skip
from sync.models import Change

Json = dict[str, Any]
# What the server has not stored, and may be sent again.
UNSTORED = {"id_reuse", "actor_mismatch"}


def state() -> Json:
    """Return everything that a change can have an effect on."""
    return {
        "products": list(Product.objects.order_by("pk").values()),
        "receipts": Prediction.objects.count(),
        "reviews": Review.objects.count(),
        "skips": Skip.objects.count(),
        "changes": Change.objects.count(),
        "entries": Entry.objects.count(),
    }


@dataclass(frozen=True, slots=True)
class Request:
    """A push on its way to the server."""

    tablet: Tablet
    body: str

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in json.loads(self.body)["changes"]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to a push, on its way back."""

    tablet: Tablet
    head: int
    results: list[Json]


@dataclass(eq=False)
class Tablet:
    """One device of one person."""

    person: User
    http: Client
    device: str = field(default_factory=lambda: str(uuid4()))
    seq: int = 0
    waiting: list[Json] = field(default_factory=list)
    # By its id, every change whose outcome has arrived here.
    outcomes: dict[str, Json] = field(default_factory=dict)
    made: dict[str, Json] = field(default_factory=dict)
    # Conflicts and refusals that nobody has settled yet.
    troubled: dict[str, Json] = field(default_factory=dict)
    cursor: str | None = None
    head: int = -1
    products: dict[int, Json] = field(default_factory=dict)
    categories: dict[int, Json] = field(default_factory=dict)
    # What a model said: the server's by product, and the changes with those of this tablet.
    receipts: dict[int, Json] = field(default_factory=dict)
    suggested: list[Json] = field(default_factory=list)

    def change(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        product: Json | None,
        resolves: str | None = None,
    ) -> Json:
        """Put a change into the outbox."""
        self.seq += 1
        known = self.products.get(product["id"]) if product and "id" in product else None
        change: Json = {
            "id": str(uuid4()),
            "seq": self.seq,
            "person": self.person.pk,
            "kind": kind,
            "product": product,
            "base_version": known["version"] if known else None,
            "payload": payload,
            "made_at": clock.now().isoformat(),
            "resolves": resolves,
        }
        self.waiting.append(change)
        self.made[change["id"]] = change
        if resolves is not None:
            self.troubled.pop(resolves, None)
        return change

    def sendable(self) -> list[Json]:
        """Return what waits, without what follows something unsettled about the same product."""
        held = {json.dumps(one["product"]) for one in self.troubled.values() if one["product"]}
        return [
            one
            for one in self.waiting
            if one["resolves"] or json.dumps(one["product"]) not in held or not one["product"]
        ]

    def request(self, most: int) -> Request:
        return Request(self, json.dumps(self._batch(self.sendable()[:most])))

    def _batch(self, changes: list[Json]) -> Json:
        return {
            "protocol": 1,
            "device": self.device,
            "sent_at": clock.now().isoformat(),
            "build": "b1",
            "changes": changes,
        }

    def receive(self, answer: Answer) -> None:
        """Take in what the server said; what it has not settled stays in the outbox."""
        for result in answer.results:
            if result["status"] == "deferred" or result["code"] in UNSTORED:
                continue
            id = result["id"]
            self.outcomes.setdefault(id, result)
            before = len(self.waiting)
            self.waiting = [one for one in self.waiting if one["id"] != id]
            status = result["was"] or result["status"]
            if len(self.waiting) < before and status in ("conflict", "rejected"):
                self.troubled[id] = self.made[id]
            # An answer that was long on its way knows less than what was pulled meanwhile: a
            # product that it brings may be deleted by now.
            if result["product"] is not None and answer.head >= self.head:
                self.keep(result["product"])

    def keep(self, product: Json) -> None:
        known = self.products.get(product["id"])
        if known is None or known["version"] <= product["version"]:
            self.products[product["id"]] = product

    def forget(self) -> None:
        self.cursor, self.head = None, -1
        self.products.clear()
        self.categories.clear()

    def pull(self, limit: int, *, arrives: bool = True) -> bool:
        """Ask for one page; return whether there is more."""
        asked = {"limit": str(limit), **({"cursor": self.cursor} if self.cursor else {})}
        answer = self.http.get(
            "/api/v1/sync/changes", asked, headers={"Shelfmark-Device": self.device}
        )
        if not arrives:
            return True
        if answer.status_code == 410:
            assert answer.json()["code"] == "resync_required", answer.content
            self.forget()
            return True
        assert answer.status_code == 200, answer.content
        page = answer.json()
        for one in page["changes"]:
            self.take(one)
        self.cursor = page["cursor"]
        if not page["has_more"]:
            self.head = page["sync_head"]
            self.check_through(page["my_changes_through"])
        more: bool = page["has_more"]
        return more

    def take(self, one: Json) -> None:
        mirror = self.products if one["c"] == "product" else self.categories
        if one["op"] == "delete":
            mirror.pop(one["id"], None)
        elif one["c"] == "product":
            self.keep(one["data"])
        else:
            mirror[one["id"]] = one["data"]

    def check_through(self, through: int | None) -> None:
        # The server may have settled more than has come back.
        known = [self.made[id]["seq"] for id in self.outcomes]
        assert (through or 0) >= max(known, default=0)

    def pull_all(self, limit: int) -> None:
        while self.pull(limit):
            pass

    def shown(self) -> dict[int, Json]:
        """Return the products as screens show them: the name of a category is that of its row."""
        return {
            id: {**one, "category": self.categories[one["category_id"]]["path"]}
            if one["category_id"] is not None
            else one
            for id, one in self.products.items()
        }

    def named(self) -> Iterator[Json]:
        """Name everything that a change can be about: what was pulled, and what was made here."""
        yield from ({"id": id} for id in sorted(self.products))
        for one in self.made.values():
            if one["kind"] == "product.create":
                yield one["product"]

    def value(self, product: Json, what: str) -> str:
        """Return what the person saw in a field."""
        if "id" in product:
            known = self.products.get(product["id"], {})
        else:
            known = next(
                one["payload"]["fields"]
                for one in self.made.values()
                if one["kind"] == "product.create" and one["product"] == product
            )
        return str(known.get(what, ""))

    def seen(self, product: Json) -> Json:
        known = self.products.get(product.get("id", 0), {})
        return {
            "category_id": known.get("category_id"),
            "prediction": None,
            "model": None,
            "source": None,
        }

    def suggestions(self) -> Iterator[tuple[Json, str, str]]:
        """Name each suggestion: about which product, its name, and the category."""
        for id, one in self.receipts.items():
            if one["category"]:
                yield {"id": id}, one["id"], one["category"]
        for one in self.suggested:
            yield one["product"], one["id"], one["payload"]["answer"]["category"]

    def settle(self, *, keeps: bool) -> None:
        """Decide about the first conflict or refusal: again, or not."""
        if not self.troubled:
            return
        id, change = next(iter(self.troubled.items()))
        product = change["product"]
        if keeps:
            payload = dict(change["payload"])
            if "base" in payload:
                payload["base"] = {what: self.value(product, what) for what in payload["base"]}
            if "seen" in payload:
                payload["seen"] = {**payload["seen"], **self.seen(product)}
            self.change(change["kind"], payload, product=product, resolves=id)
        elif self.outcomes[id]["status"] == "conflict":
            self.change("conflict.dismiss", {}, product=product, resolves=id)
        else:
            del self.troubled[id]

    def give_up(self) -> None:
        """Leave every conflict and refusal as it is, and what was to follow a product's making."""
        lost = [one["product"] for one in self.troubled.values() if one["kind"] == "product.create"]
        self.waiting = [one for one in self.waiting if one["product"] not in lost]
        self.troubled.clear()

    def compare(self) -> None:
        """Assert that this tablet shows what the server holds."""
        present = Product.objects.present().select_related("category")
        shown = {one.pk: json.loads(json.dumps(ProductOutput(one).data)) for one in present}
        assert self.shown() == shown
        assert self.categories == {
            one.pk: {"id": one.pk, "path": one.path, "version": one.version}
            for one in Category.objects.all()
        }
