"""Prometheus sees how far the sealing lags behind."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from ledger import actions
from ledger.metrics import lines
from ledger.tests.logs import own_keys, seal

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)

# PostgreSQL seals only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: Any) -> None:
    own_keys(tmp_path / "keys", settings)


def values(now: datetime) -> dict[str, float]:
    words = (line.split() for line in lines(now=now) if not line.startswith("#"))
    return {name.removeprefix("shelfmark_ledger_"): float(value) for name, value in words}


def write(count: int) -> None:
    with transaction.atomic():
        for _ in range(count):
            actions.record("test.done", actor=None, subject="test", now=NOW)


def test_before_the_first_checkpoint_everything_is_unsealed() -> None:
    assert values(NOW) == {"unsealed": 0}
    write(3)
    assert values(NOW) == {"unsealed": 3}


def test_what_a_checkpoint_covers_is_sealed() -> None:
    seal(NOW, entries=5)
    assert values(NOW + timedelta(seconds=7)) == {"unsealed": 0, "checkpoint_age_seconds": 7}


def test_a_place_in_the_tree_without_a_checkpoint_is_not_sealed() -> None:
    seal(NOW, entries=5)
    write(2)
    assert actions.seal(now=NOW).checkpoint is None
    write(4)
    assert values(NOW)["unsealed"] == 6


def test_every_line_has_a_name_of_ours_and_is_explained() -> None:
    seal(NOW)
    found = lines(now=NOW)
    for line in found:
        if not line.startswith("#"):
            name = line.split()[0]
            assert f"# TYPE {name} gauge" in found
