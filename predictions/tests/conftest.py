"""Shared by the tests of predictions: clients of the cast, and an end to the writer's thread."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from django.test import Client

from accounts import actions as accounts
from accounts.authentication import forget_tokens
from accounts.models import User
from ledger.models import Entry
from ledger.openings import opened
from lib import clock
from predictions import actions

DRILL = {
    "name": "Cordless drill 7",
    "description": "Brushless motor, two batteries and a charger.",
    "width_mm": 212,
    "weight_g": 1650,
}
Post = Callable[..., Any]


@pytest.fixture(autouse=True)
def nobody_is_known_and_nothing_is_left_to_write() -> Iterator[None]:
    forget_tokens()
    yield
    forget_tokens()
    # Its connection would keep the test database from being dropped.
    actions._writer.stop()


def client_of(user: User) -> Client:
    """Return a client that comes with a token of `user`."""
    token = accounts.create_token(user=user, by=user, now=clock.now(), lifetime=None)[1]
    return Client(headers={"Authorization": f"Token {token}"})


def committed(salt: str, value: Any) -> str:
    """Return the commitment to a value, as docs/receipt-format.md defines it."""
    return hashlib.sha256(bytes.fromhex(salt) + rfc8785.dumps(value)).hexdigest()


def asked_in(receipt_id: str | UUID) -> Any:
    """Return what was asked, after checking that the receipt commits to it."""
    entry = Entry.objects.get(uuid=receipt_id)
    part = opened(entry.uuid)["input"]
    commitment = committed(part.salt.hex(), part.value)
    assert json.loads(entry.content())["input_commitment"] == commitment
    return part.value


@pytest.fixture
def client(carla: User) -> Client:
    return client_of(carla)


@pytest.fixture
def post(client: Client) -> Post:
    """Ask for a prediction as carla."""

    def ask(body: Any, **headers: str) -> Any:
        return client.post(
            "/api/v1/predictions", body, content_type="application/json", headers=headers
        )

    return ask
