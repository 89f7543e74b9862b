"""Compare the files here with what dvc.lock and the card promise: `python -m
categorizer.stages.verify [ROOT]`.

Prints "same bytes", or the first difference and ends with exit code 1. Needs the standard library
and PyYAML, neither DVC nor Git: `dvc status` and `dvc repro` end well on a changed model.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from categorizer.stages import CARD, LOCK, PARAMS, read_json


def differences(root: Path) -> Iterator[str]:
    """Yield a sentence for each difference, the dataset's first, then stage by stage."""
    for name in (LOCK, CARD, PARAMS):
        if not (root / name).is_file():
            yield f"{name} is missing"
            return
    lock = yaml.safe_load((root / LOCK).read_text("utf-8"))
    params = yaml.safe_load((root / PARAMS).read_text("utf-8"))
    card = read_json(root / CARD)
    seen: set[str] = set()
    for stage, promised in lock["stages"].items():
        for kind in ("deps", "outs"):
            for entry in promised.get(kind, []):
                if entry["path"] not in seen:
                    yield from _differs(root, entry["path"], "md5", entry["md5"], "dvc.lock")
                    seen.add(entry["path"])
        yield from _params_differ(stage, promised.get("params", {}), params)
    for path, digest in _carded(card).items():
        yield from _differs(root, path, "sha256", digest, "the card")


def _carded(card: dict[str, Any]) -> dict[str, str]:
    files = {(CARD.parent / file["path"]).as_posix(): file for file in card["files"].values()}
    return dict(card["sources"]) | {path: file["sha256"] for path, file in files.items()}


def _differs(root: Path, path: str, algorithm: str, digest: str, who: str) -> Iterator[str]:
    if not (root / path).is_file():
        yield f"{path} is missing; {who} names it"
        return
    data = (root / path).read_bytes()
    # DVC's own hashes are MD5: good against accidents. The card's SHA-256 is against intent.
    actual = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    if actual != digest:
        yield f"{path} has {algorithm} {actual}, but {who} says {digest}"


def _params_differ(stage: str, locked: dict[str, Any], params: dict[str, Any]) -> Iterator[str]:
    for section, values in locked.get(PARAMS.as_posix(), {}).items():
        if params.get(section) != values:
            yield f"params.yaml: {section} is not what dvc.lock says stage {stage} was run with"


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path()
    difference = next(differences(root), None)
    print(difference or "same bytes")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
