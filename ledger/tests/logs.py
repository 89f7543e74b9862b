"""A sealed log for tests that look at it from outside."""

from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.db import transaction

from ledger import actions
from ledger.models import Checkpoint


def own_keys(folder: Path, settings: Any) -> None:
    """Keep the keys of this test in this folder."""
    settings.LEDGER_KEYS_DIR = folder
    settings.LEDGER_KEY = settings.LEDGER_KEY_PREVIOUS = settings.LEDGER_ORIGIN = ""


def seal(now: datetime, *, entries: int = 1) -> Checkpoint:
    """Write something and return the checkpoint over it."""
    with transaction.atomic():
        for _ in range(entries):
            actions.record("test.done", actor=None, subject="test", now=now)
    with patch("lib.clock.now", return_value=now):
        sealed = actions.seal(now=now)
    assert sealed.checkpoint is not None
    return sealed.checkpoint
