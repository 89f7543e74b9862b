"""A row that no longer says what its receipt says is found when the log is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from ledger import actions as ledger
from ledger.tests.logs import own_keys, tamper
from ledger.verification import verify
from lib import clock
from predictions.tests.conftest import DRILL, Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def answer(deployed: None, categories: None, post: Post, tmp_path: Path, settings: Any) -> Any:
    own_keys(tmp_path / "keys", settings)
    told = post(DRILL).json()
    ledger.seal(now=clock.now())
    return told


def test_rows_as_they_were_written_agree(answer: Any) -> None:
    assert not verify().faults


@pytest.mark.parametrize(
    "change",
    [
        "label = 'Tools > Hammers'", "score = score + 1", "confidence_ppm = 1",
        "needs_review = NOT needs_review", "taxonomy_version = taxonomy_version + 1",
        "asked_by_id = 1000000", "made_at = '2020-01-01 00:00:00'",
    ],
)  # fmt: skip
def test_a_changed_column_of_a_prediction_is_found(answer: Any, change: str) -> None:
    tamper("predictions_prediction", f"UPDATE predictions_prediction SET {change}")
    found = verify()
    assert found.first is not None
    assert answer["id"] in found.first.what
    tamper("predictions_prediction", "DELETE FROM predictions_prediction")


def test_a_prediction_that_is_gone_is_found(answer: Any) -> None:
    tamper("predictions_prediction", "DELETE FROM predictions_prediction")
    found = verify()
    assert found.first is not None
    assert f"Prediction {answer['id']} is gone" in found.first.what


def test_a_changed_review_is_found(answer: Any, client: Client, rita: Any) -> None:
    client.post(f"/api/v1/predictions/{answer['id']}/review", {}, content_type="application/json")
    ledger.seal(now=clock.now())
    assert not verify().faults
    tamper("predictions_review", "UPDATE predictions_review SET label = 'Tools > Hammers'")
    assert "does not say what its entry says" in str(verify().faults[0].what)


def test_a_prediction_without_an_entry_is_found(answer: Any) -> None:
    tamper("ledger_entry", "DELETE FROM ledger_entry WHERE kind = 'prediction.made'")
    faults = [fault.what for fault in verify().faults]
    assert f"Prediction {answer['id']} has no entry in the log." in faults
