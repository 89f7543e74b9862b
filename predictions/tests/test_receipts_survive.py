"""Whatever happens later, a receipt keeps its bytes and its replay stays identical."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.models import User
from inventory import actions as inventory
from inventory.models import Category, Product
from ledger.actions import seal
from lib import clock
from predictions import jobs, serving
from predictions.actions.recalls import recall
from predictions.models import Prediction, ReplayOutcome
from predictions.replay import Models, Stored, replay, stored
from predictions.tests.conftest import DRILL
from registry import actions as registry
from registry.release import read_release
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db
DRILLS = "Tools > Power tools > Cordless drills"
GLOVES = "Safety > Gloves"


class Scene:
    """A product, an answer about it, and who may do what to them."""

    def __init__(
        self, client: Client, admin: User, bob: User, deployed: SHA256, otherwise: Any
    ) -> None:
        self.client, self.admin, self.bob = client, admin, bob
        self.live, self.otherwise = deployed["live"], otherwise
        fields: Any = {**DRILL, "sku": "A"}
        self.product = inventory.create_product(fields=fields, by=admin, now=clock.now())
        self.answer = self.ask()

    def ask(self) -> UUID:
        address = f"/api/v1/products/{self.product.pk}/prediction"
        return UUID(self.client.get(address).json()["id"])

    def review(self, **body: str) -> None:
        address = f"/api/v1/predictions/{self.answer}/review"
        answer = self.client.post(address, body, content_type="application/json")
        assert answer.status_code == 201

    def category(self, path: str) -> Category:
        return Category.objects.get(path=path)

    def predicted_again(self) -> None:
        assert self.ask() != self.answer

    def predicted_again_by_the_program(self) -> None:
        jobs.predict_new_products()

    def accepted(self) -> None:
        self.review()

    def corrected(self) -> None:
        self.review(category=GLOVES)

    def product_changed(self) -> None:
        inventory.update_product(
            product_id=self.product.pk,
            fields={"name": "Something else", "description": ""},
            by=self.admin,
            now=clock.now(),
        )

    def product_deleted(self) -> None:
        inventory.delete_product(product_id=self.product.pk, by=self.admin, now=clock.now())

    def category_renamed(self) -> None:
        self.change_category(self.category(DRILLS), name="Drills without a cord")

    def category_moved(self) -> None:
        self.change_category(self.category(DRILLS), parent="Safety")

    def category_above_renamed(self) -> None:
        self.change_category(self.category("Tools"), name="Things")

    def category_merged(self) -> None:
        """What is in it goes elsewhere, then it goes."""
        self.review(category=GLOVES)
        self.category_deleted()

    def category_deleted(self) -> None:
        inventory.delete_category(
            category_id=self.category(DRILLS).pk, by=self.admin, now=clock.now()
        )

    def change_category(self, category: Category, **changes: str) -> None:
        fields: Any = changes
        inventory.update_category(
            category_id=category.pk, fields=fields, by=self.admin, now=clock.now()
        )

    def model_replaced(self) -> None:
        release = read_release(self.otherwise)
        registry.plant(release=release, by=registry.robot(), now=clock.now())
        serving.forget()

    def model_retired(self) -> None:
        self.model_replaced()
        registry.retire(sha256=self.live, reason="Old.", by=self.bob, now=clock.now())

    def model_recalled(self) -> None:
        recall(sha256=self.live, reason="Wrong.", by=self.bob, now=clock.now())

    def sealed(self) -> None:
        seal(now=clock.now())

    def everything(self) -> None:
        self.predicted_again()
        self.corrected()
        self.product_changed()
        self.category_renamed()
        self.model_recalled()
        self.model_retired()
        self.product_deleted()
        self.sealed()


EVENTS: list[Callable[[Scene], None]] = [
    Scene.predicted_again,
    Scene.predicted_again_by_the_program,
    Scene.accepted,
    Scene.corrected,
    Scene.product_changed,
    Scene.product_deleted,
    Scene.category_renamed,
    Scene.category_moved,
    Scene.category_above_renamed,
    Scene.category_merged,
    Scene.category_deleted,
    Scene.model_replaced,
    Scene.model_retired,
    Scene.model_recalled,
    Scene.sealed,
    Scene.everything,
]


def kept(answer: UUID) -> Stored:
    (one,) = stored([answer])
    return one


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_a_receipt_survives(
    deployed: SHA256, categories: None, client: Client, admin: User, bob: User,
    trained_otherwise: Any, event: Callable[[Scene], None],
) -> None:  # fmt: skip
    scene = Scene(client, admin, bob, deployed, trained_otherwise)
    before, row = kept(scene.answer), Prediction.objects.filter(pk=scene.answer).values().get()
    told = client.get(f"/api/v1/predictions/{scene.answer}").content
    event(scene)
    after = kept(scene.answer)
    assert after.body == before.body == told
    assert client.get(f"/api/v1/predictions/{scene.answer}").content == told
    assert Prediction.objects.filter(pk=scene.answer).values().get() == row
    replayed = replay(after, find=Models().get, code="now")
    assert replayed.outcome == ReplayOutcome.IDENTICAL, replayed


def test_the_events_do_happen(
    deployed: SHA256, categories: None, client: Client, admin: User, bob: User,
    trained_otherwise: Any,
) -> None:  # fmt: skip
    scene = Scene(client, admin, bob, deployed, trained_otherwise)
    scene.everything()
    product = Product.objects.select_related("category").get(pk=scene.product.pk)
    assert product.deleted_at is not None
    assert product.category is not None
    assert product.category.path == GLOVES
    assert not Category.objects.filter(path=DRILLS).exists()
    assert kept(scene.answer).leaf is not None
