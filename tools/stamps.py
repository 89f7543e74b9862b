"""Remembers what is already done, by a digest of what it was made from.

A stamp is a small file under var/. Deleting var/stamps only costs time.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tools.console import ROOT, VAR

STAMPS = VAR / "stamps"
_SKIPPED = {"node_modules", "__pycache__", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def digest(paths: Iterable[Path], *more: str) -> str:
    """Return one sha256 over the names and bytes of these files and folders."""
    total = hashlib.sha256()
    for path in sorted(_files(paths)):
        total.update(f"{path.relative_to(ROOT)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    for text in more:
        total.update(f"{text}\0".encode())
    return total.hexdigest()


def is_done(name: str, value: str) -> bool:
    stamp = STAMPS / name
    return stamp.is_file() and stamp.read_text() == value


def mark_done(name: str, value: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(value)


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from _files(child for child in path.iterdir() if child.name not in _SKIPPED)
        elif path.is_file():
            yield path
