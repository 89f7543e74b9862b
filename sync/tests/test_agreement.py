"""A change that no longer says what its entry says is found when the log is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from inventory import actions as inventory
from ledger import actions as ledger
from ledger.tests.logs import own_keys, tamper
from ledger.verification import verify
from lib import clock
from sync.tests.pushing import Tablet

pytestmark = pytest.mark.django_db


@pytest.fixture
def change(carla: User, rita: User, tmp_path: Path, settings: Any) -> str:
    """Some changes of every outcome. Returns the first."""
    own_keys(tmp_path / "keys", settings)
    tablet, uuid = Tablet(carla), str(uuid4())
    made = tablet.create(uuid)
    number = tablet.one(made)["product"]["id"]
    inventory.update_product(product_id=number, fields={"name": "Drill"}, by=rita, now=clock.now())
    tablet.one(tablet.edit({"uuid": uuid}, {"name": "Lamp"}, name="Desk lamp"))
    tablet.one(tablet.create())
    tablet.one(tablet.edit({"id": 999_999}, {"name": "x"}, name="y"))
    ledger.seal(now=clock.now())
    return str(made["id"])


def test_changes_as_they_were_written_agree(change: str) -> None:
    assert not verify().faults


@pytest.mark.parametrize(
    "said",
    [
        "status = 'rejected', code = 'gone'", "kind = 'product.edit'", "seq = 99",
        "product_id = NULL", "product_uuid = NULL", "base_version = 7", "build = 'other'",
        "skew_ms = 1000000", "made_at = '2020-01-01 00:00:00'",
        "received_at = '2020-01-01 00:00:00'", "result = '{}'",
    ],
)  # fmt: skip
def test_a_changed_column_is_found(change: str, said: str) -> None:
    tamper("sync_change", f"UPDATE sync_change SET {said} WHERE status = 'applied'")
    found = [fault.what for fault in verify().faults]
    assert f"Change {change} does not say what its entry says." in found


def test_a_change_that_is_gone_is_found(change: str) -> None:
    tamper("sync_change", "DELETE FROM sync_change WHERE status = 'applied'")
    assert f"Change {change} is gone" in verify().faults[0].what


def test_a_change_without_an_entry_is_found(change: str) -> None:
    tamper("ledger_entry", "DELETE FROM ledger_entry WHERE kind = 'change.applied'")
    found = [fault.what for fault in verify().faults]
    assert f"Change {change} has no entry in the log." in found
