"""For the tests of the audit desk: staff with their clients, and some answers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from lib import clock

DRILL = {
    "name": "Cordless drill 7",
    "description": "Brushless motor, two batteries.",
    "width_mm": 212,
}


@pytest.fixture
def enter() -> Callable[[User], Client]:
    """Return a client in which this person is signed in, and is staff."""

    def enter(user: User) -> Client:
        User.objects.filter(pk=user.pk).update(is_staff=True)
        client = Client()
        client.force_login(User.objects.get(pk=user.pk))
        return client

    return enter


@pytest.fixture
def answer(deployed: dict[str, str], categories: None, carla: User) -> Iterator[Callable[..., Any]]:
    """Ask as carla and return the prediction."""
    from inventory.models import Product
    from predictions import actions, features
    from predictions.receipts import Asker, Question

    def answer(fields: dict[str, object] = DRILL, product: Product | None = None) -> Any:
        question = (
            Question(fields)
            if product is None
            else Question(features.of_product(product), product.pk, product.version)
        )
        asker = Asker(
            user_id=carla.pk, request_id="req-1", device="tablet-7",
            device_time="2026-11-20T08:15:00.000000Z",
        )  # fmt: skip
        return actions.predict(questions=[question], asker=asker, now=clock.now())[0].prediction

    yield answer
    actions._writer.stop()
