"""Whatever a network does to what three tablets send, each change counts once, and all agree.

Hypothesis makes up what people do on the tablets and at the desk, and what becomes of each request
and each answer: dropped, doubled, overtaken by others. What the server holds is compared with what
it was told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from inventory import actions as inventory
from inventory.csv_import import Row
from inventory.models import Category, Product
from ledger.actions import seal
from ledger.models import Entry
from ledger.verification import verify
from lib import clock
from predictions import actions as predictions
from registry.tests.releases import SHA256
from sync.models import Change
from sync.tests.simulation import UNSTORED, Answer, Json, Request, Tablet, state

NAMES = ("Cordless drill", "Claw hammer", "Wood screw", "Wall shelf")
PLACES = ("Tools > Hand tools > Hammers", "Fasteners > Screws", "Storage > Shelves")
SETTLED = ("applied", "conflict", "rejected")
# What stays of an answer when the change comes again. The product is told as it is then.
SAME = ("code", "detail", "prediction", "agreement", "rebased", "contested")

names, skus = st.sampled_from(NAMES), st.sampled_from([f"S-{n}" for n in range(1, 10)])
places = st.sampled_from(PLACES)
which, picks = st.integers(0, 2), st.integers(0, 99)


class Warehouse(RuleBasedStateMachine):
    """Carla has two tablets, Rita has one, and Ada sits at the desk."""

    def __init__(self, *, admin: User, people: Sequence[User], model: str) -> None:
        super().__init__()
        self.admin, self.model = admin, model
        self.doors = {person.pk: self.door(person) for person in people}
        carla, rita = people
        self.tablets = [Tablet(one, self.doors[one.pk]) for one in (carla, carla, rita)]
        self.requests: list[Request] = []
        self.answers: list[Answer] = []
        # By the id of the change, what the server said when it first settled it.
        self.first: dict[str, Json] = {}
        self.asked = 0
        with transaction.atomic():
            inventory.ensure_categories(paths=set(PLACES), by=admin, now=clock.now())
        self.import_(NAMES[0], skus=[f"S-{n}" for n in range(1, 7)], place=PLACES[0])
        for tablet in self.tablets:
            tablet.pull_all(20)
        newest = Entry.objects.order_by("-pk").first()
        self.begun = newest.pk if newest else 0
        for number in range(6):
            self.ask(number % 3, number)

    @staticmethod
    def door(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    def about(self, tablet: Tablet, number: int) -> Json | None:
        known = list(tablet.named())
        return known[number % len(known)] if known else None

    # What people do on their tablets

    @rule(at=which, sku=skus, name=names, place=places | st.none())
    def create(self, at: int, sku: str, name: str, place: str | None) -> None:
        product = {"uuid": str(uuid4())}
        fields = {"sku": sku, "name": name, "description": product["uuid"]}
        self.tablets[at].change(
            "product.create", {"fields": fields, "category": place}, product=product
        )

    @rule(at=which, number=picks, what=st.sampled_from(("brand", "name")))
    def edit(self, at: int, number: int, what: str) -> None:
        tablet = self.tablets[at]
        if product := self.about(tablet, number):
            # A text that nothing else has, so that an edit always has an effect.
            payload = {"set": {what: str(uuid4())}, "base": {what: tablet.value(product, what)}}
            tablet.change("product.edit", payload, product=product)

    @rule(at=which, number=picks, place=places | st.none())
    def categorize(self, at: int, number: int, place: str | None) -> None:
        tablet = self.tablets[at]
        if product := self.about(tablet, number):
            payload = {"category": place, "seen": tablet.seen(product)}
            tablet.change("product.categorize", payload, product=product)

    @rule(at=which, number=picks)
    def ask(self, at: int, number: int) -> None:
        tablet = self.tablets[at]
        if tablet.products:
            id = list(tablet.products)[number % len(tablet.products)]
            answer = tablet.http.get(f"/api/v1/products/{id}/prediction")
            assert answer.status_code in (200, 404), answer.content
            if answer.status_code == 200:
                self.asked += 1
                tablet.receipts[id] = answer.json()

    @rule(at=which, number=picks, place=places)
    def suggest(self, at: int, number: int, place: str) -> None:
        tablet = self.tablets[at]
        if product := self.about(tablet, number):
            answer = {
                "model_sha256": self.model,
                "category": place,
                "score": number,
                "confidence_ppm": 700_000,
                "alternatives": [],
            }
            made = tablet.change("prediction.provisional", {"answer": answer}, product=product)
            tablet.suggested.append(made)

    @rule(at=which, number=picks)
    def accept(self, at: int, number: int) -> None:
        self.review(at, number, None)

    @rule(at=which, number=picks, place=places)
    def correct(self, at: int, number: int, place: str) -> None:
        self.review(at, number, place)

    def review(self, at: int, number: int, place: str | None) -> None:
        tablet = self.tablets[at]
        found = list(tablet.suggestions())
        if found:
            product, prediction, category = found[number % len(found)]
            payload = {
                "prediction": prediction,
                "category": place or category,
                "note": "",
                "seen": {**tablet.seen(product), "prediction": prediction},
            }
            kind = "prediction.correct" if place else "prediction.accept"
            tablet.change(kind, payload, product=product)

    @rule(at=which, number=picks)
    def skip(self, at: int, number: int) -> None:
        tablet = self.tablets[at]
        found = list(tablet.suggestions())
        if found:
            product, prediction, _ = found[number % len(found)]
            tablet.change("prediction.skip", {"prediction": prediction}, product=product)

    @rule(at=which, keeps=st.booleans())
    def settle(self, at: int, keeps: bool) -> None:
        self.tablets[at].settle(keeps=keeps)

    # What the network does

    @rule(at=which, most=st.integers(1, 6))
    def send(self, at: int, most: int) -> None:
        if self.tablets[at].sendable():
            self.requests.append(self.tablets[at].request(most))

    @precondition(lambda self: self.requests)
    @rule(number=picks, copies=st.integers(1, 3))
    def arrive(self, number: int, copies: int) -> None:
        request = self.requests.pop(number % len(self.requests))
        for _ in range(copies):
            self.answers.append(self.deliver(request))

    @precondition(lambda self: self.requests)
    @rule(number=picks)
    def arrive_in_the_name_of_another(self, number: int) -> None:
        request = self.requests[number % len(self.requests)]
        other = next(door for pk, door in self.doors.items() if pk != request.tablet.person.pk)
        before = state()
        results = self.post(other, request)["results"]
        assert results[0]["code"] == "actor_mismatch"
        assert {one["code"] for one in results} <= {"actor_mismatch", "held"}
        assert state() == before

    @precondition(lambda self: self.requests)
    @rule(number=picks)
    def lose_request(self, number: int) -> None:
        self.requests.pop(number % len(self.requests))

    @precondition(lambda self: self.answers)
    @rule(number=picks)
    def come_back(self, number: int) -> None:
        answer = self.answers.pop(number % len(self.answers))
        answer.tablet.receive(answer)

    @precondition(lambda self: self.answers)
    @rule(number=picks)
    def lose_answer(self, number: int) -> None:
        self.answers.pop(number % len(self.answers))

    @rule(at=which, limit=st.integers(1, 5), arrives=st.booleans())
    def pull_a_page(self, at: int, limit: int, arrives: bool) -> None:
        self.tablets[at].pull(limit, arrives=arrives)

    @rule(at=which, limit=st.integers(1, 5))
    def pull_everything(self, at: int, limit: int) -> None:
        self.tablets[at].pull_all(limit)
        self.tablets[at].compare()

    # What happens at the desk

    @rule(number=picks, place=places | st.none())
    def ada_categorizes(self, number: int, place: str | None) -> None:
        self.desk(number, "category", place)

    @rule(number=picks, what=st.sampled_from(("brand", "name")))
    def ada_edits(self, number: int, what: str) -> None:
        self.desk(number, what, str(uuid4()))

    @rule(number=picks, place=places)
    def a_model_categorizes(self, number: int, place: str) -> None:
        if (product := self.present(number)) and Category.objects.filter(path=place).exists():
            inventory.categorize(
                product_id=product.pk,
                category=place,
                source=Product.Source.MODEL,
                by=self.admin,
                now=clock.now(),
            )

    @rule(number=picks)
    def ada_deletes(self, number: int) -> None:
        if Product.objects.present().count() > 4 and (product := self.present(number)):
            inventory.delete_product(product_id=product.pk, by=self.admin, now=clock.now())

    @rule(chosen=st.sets(skus, min_size=1, max_size=3), name=names, place=places | st.none())
    def ada_imports(self, chosen: set[str], name: str, place: str | None) -> None:
        self.import_(name, skus=sorted(chosen), place=place)

    @rule(place=places, name=st.sampled_from(("Old", "Older")))
    def ada_renames_a_category(self, place: str, name: str) -> None:
        found = Category.objects.filter(path=place).first()
        if found and not Category.objects.filter(parent=found.parent, name=name).exists():
            inventory.update_category(
                category_id=found.pk, fields={"name": name}, by=self.admin, now=clock.now()
            )

    @rule(number=picks)
    def ada_deletes_a_category(self, number: int) -> None:
        empty = Category.objects.filter(children=None).exclude(products__deleted_at=None)
        if ids := list(empty.order_by("pk").values_list("pk", flat=True)):
            inventory.delete_category(
                category_id=ids[number % len(ids)], by=self.admin, now=clock.now()
            )

    def import_(self, name: str, *, skus: Sequence[str], place: str | None) -> None:
        rows = [
            Row(line, {"sku": sku, "name": name}, place, b"%032d" % line)
            for line, sku in enumerate(skus)
        ]
        inventory.import_products(rows=rows, file_sha256="0" * 64, by=self.admin, now=clock.now())

    def present(self, number: int) -> Product | None:
        found = list(Product.objects.present().order_by("pk"))
        return found[number % len(found)] if found else None

    def desk(self, number: int, what: str, value: str | None) -> None:
        product = self.present(number)
        is_known = what != "category" or value is None or Category.objects.filter(path=value)
        if product and is_known:
            said: Any = {"category": value} if what == "category" else {"fields": {what: value}}
            inventory.update_product(
                **{"product_id": product.pk, "fields": {}, **said}, by=self.admin, now=clock.now()
            )

    # What has to hold

    def post(self, door: Client, request: Request) -> Any:
        answer = door.post(
            "/api/v1/sync/push",
            request.body,
            content_type="application/json",
            headers={"Shelfmark-Device": request.tablet.device},
        )
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert [one["id"] for one in told["results"]] == request.ids
        return told

    def deliver(self, request: Request) -> Answer:
        """Let a request arrive; what the server settled before must have no effect."""
        before = state() if self.first.keys() >= set(request.ids) else None
        told = self.post(request.tablet.http, request)
        for result in told["results"]:
            known = self.first.get(result["id"])
            if known is not None:
                assert (result["status"], result["was"]) == ("duplicate", known["status"])
                assert [result[name] for name in SAME] == [known[name] for name in SAME]
            elif result["status"] != "deferred":
                assert result["status"] in SETTLED
                assert result["code"] not in UNSTORED
                self.first[result["id"]] = result
        assert before is None or state() == before
        return Answer(request.tablet, told["sync_head"], told["results"])

    @invariant()
    def every_change_is_written_down_once(self) -> None:
        devices = [one.device for one in self.tablets]
        rows = Change.objects.filter(device__in=devices).values_list("pk", "status", "person")
        people = {id: one.person.pk for one in self.tablets for id in one.made}
        assert {(str(id), status, person) for id, status, person in rows} == {
            (id, result["status"], people[id]) for id, result in self.first.items()
        }

    def teardown(self) -> None:
        """Let the network be good from now on: in the end everything is settled, once."""
        late = list(self.requests)
        for _ in range(3 * max(len(one.made) for one in self.tablets) + 3):
            for tablet in self.tablets:
                tablet.give_up()
                while tablet.sendable():
                    before = len(tablet.waiting)
                    request = tablet.request(50)
                    tablet.receive(self.deliver(request))
                    self.deliver(request)
                    if len(tablet.waiting) == before:
                        break
            if not any(one.waiting for one in self.tablets):
                break
        assert not any(one.waiting for one in self.tablets)
        for request in late:
            self.deliver(request)
        self.every_change_is_written_down_once()
        for tablet in self.tablets:
            tablet.pull_all(3)
            tablet.compare()
        self.check_effects()
        seal(now=clock.now())
        assert verify().faults == []
        for product in Product.objects.present():
            inventory.delete_product(product_id=product.pk, by=self.admin, now=clock.now())

    def check_effects(self) -> None:
        """Compare what happened with what the tablets were told."""
        made = {id: (tablet, one) for tablet in self.tablets for id, one in tablet.made.items()}
        applied = [made[id] for id, result in self.first.items() if result["status"] == "applied"]
        done = Counter(one["kind"] for _, one in applied)
        people = list(self.doors)
        entries = Entry.objects.filter(pk__gt=self.begun, actor_id__in=people)
        written = Counter(entries.values_list("kind", flat=True))
        assert written["product.created"] == done["product.create"]
        assert written["product.updated"] == done["product.edit"]
        assert written["prediction.made"] == done["prediction.provisional"] + self.asked
        assert (
            written["prediction.accepted"] + written["prediction.corrected"]
            == done["prediction.accept"] + done["prediction.correct"]
        )
        for _, one in applied:
            if one["kind"] == "product.create":
                assert Product.objects.filter(description=one["product"]["uuid"]).count() == 1
        told = entries.filter(kind__startswith="change.").values_list("uuid", "kind", "actor_id")
        assert sorted((str(uuid), kind, person) for uuid, kind, person in told) == sorted(
            (id, f"change.{result['status']}", made[id][0].person.pk)
            for id, result in self.first.items()
        )


@pytest.fixture
def writer() -> Iterator[None]:
    yield
    # Its connection would keep the test database from being dropped.
    predictions._writer.stop()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("writer", "categories")
def test_whatever_the_network_does_each_change_counts_once(
    deployed: SHA256, admin: User, carla: User, rita: User
) -> None:
    made: Any = partial(Warehouse, admin=admin, people=[carla, rita], model=deployed["live"])
    run_state_machine_as_test(
        made,
        settings=settings(
            max_examples=25 if connection.vendor == "sqlite" else 10,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
