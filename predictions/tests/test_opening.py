"""What lies behind a receipt can be shown to whoever may see it, and matches its commitments."""

import hashlib
import json
from typing import Any

import pytest
from django.test import Client

from ledger.models import Erasure, Opening, Pruning
from ledger.tests.logs import tamper
from lib import clock
from lib.ids import uuid7
from predictions.tests.conftest import DRILL, Post

pytestmark = pytest.mark.django_db


def committed(salt: str, value: object) -> str:
    data = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(bytes.fromhex(salt) + data.encode()).hexdigest()


@pytest.fixture
def answer(deployed: None, post: Post) -> Any:
    return post(DRILL, **{"Shelfmark-Device": "carla-tablet-7"}).json()


def test_the_opening_matches_every_commitment_of_the_receipt(answer: Any, client: Client) -> None:
    receipt = client.get(f"/api/v1/predictions/{answer['id']}").json()
    opening = client.get(f"/api/v1/predictions/{answer['id']}/opening").json()
    assert opening["input"]["name"] == DRILL["name"]
    assert (opening["person"], opening["device"]) == ("carla", "carla-tablet-7")
    assert committed(opening["input_salt"], opening["input"]) == receipt["input_commitment"]
    assert (
        committed(opening["person_salt"], {"user": opening["user"]})
        == receipt["asked_by"]["person_commitment"]
    )
    assert (
        committed(opening["device_salt"], opening["device"])
        == receipt["asked_by"]["device_commitment"]
    )
    assert opening["erased"] is False


def test_the_receipt_itself_names_nobody_and_tells_no_input(answer: Any, client: Client) -> None:
    body = client.get(f"/api/v1/predictions/{answer['id']}").content.decode()
    for told in ("carla", "Carla", "drill 7", "Brushless"):
        assert told not in body


def test_what_was_erased_is_said_to_be(answer: Any, client: Client) -> None:
    Erasure.objects.create(entry=answer["id"], reason="A customer's name", at=clock.now())
    before = client.get(f"/api/v1/predictions/{answer['id']}").content
    Opening.objects.filter(entry=answer["id"], part="input").delete()
    opening = client.get(f"/api/v1/predictions/{answer['id']}/opening").json()
    assert (opening["input"], opening["input_salt"], opening["erased"]) == (None, None, True)
    assert client.get(f"/api/v1/predictions/{answer['id']}").content == before


def test_no_prediction_has_no_opening(client: Client) -> None:
    answer = client.get("/api/v1/predictions/01890a5d-ac96-774b-bcce-b302099a8057/opening")
    assert answer.status_code == 404


def test_a_receipt_that_was_moved_away_says_where_to(answer: Any, client: Client) -> None:
    now = clock.now()
    Pruning.objects.create(
        up_to_index=1, entry=uuid7(), before=now, archive_sha256="ab" * 32, at=now
    )
    tamper("ledger_entry", "DELETE FROM ledger_entry WHERE kind = 'prediction.made'")
    told = client.get(f"/api/v1/predictions/{answer['id']}")
    assert told.status_code == 404
    assert "ab" * 32 in told.json()["detail"]
