"""A small catalogue, and models trained on it once."""

from __future__ import annotations

import hashlib

import pytest

from categorizer import vectors
from categorizer.model import Categorizer, load


@pytest.fixture(scope="session")
def tiny_bytes() -> bytes:
    return vectors.tiny_model()


@pytest.fixture(scope="session")
def tiny(tiny_bytes: bytes) -> Categorizer:
    return load(tiny_bytes, sha256=hashlib.sha256(tiny_bytes).hexdigest())
