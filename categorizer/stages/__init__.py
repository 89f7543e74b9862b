"""The stages of dvc.yaml: prepare, train, evaluate, card; and verify, which needs no DVC.

Each is thin: it reads files, calls the categorizer, and writes files. No clock, host or version
gets into what they write, so that equal input gives equal bytes. They run in the repository's root.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

PARAMS = Path("params.yaml")
RAW = Path("data/raw/products.csv")
PREPARED = Path("data/prepared/products.csv")
RELEASE = Path("data/model")
TRAINING = RELEASE / "training.json"
METRICS = RELEASE / "metrics.json"
CARD = RELEASE / "card.json"
LOCK = Path("dvc.lock")


def params(section: str) -> dict[str, Any]:
    """Return one section of params.yaml."""
    return dict(yaml.safe_load(PARAMS.read_text("utf-8"))[section])


def read_json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes()))


def write_json(path: Path, value: object) -> None:
    """Write JSON for people and Git to read: sorted, indented, ending in a line break."""
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
