"""Where a model comes from: the commit, the lines of dvc.lock and the libraries that made it.

`gather` reads it from the disk when a release is registered; `of` gives it back for a version.
Every claim is checked against the digests of the card before it is written down, and what is
not known is null, with the reason beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from categorizer.canonical import canonical_json

if TYPE_CHECKING:
    from registry.models import ModelVersion

FORMAT = "shelfmark-provenance/1"
# What requirements*.txt are pinned for: this Python and every newer one.
PYTHON = "3.11"
LOCK = "dvc.lock"
TRAIN_REQUIREMENTS = "requirements-train.txt"
REQUIREMENTS = "requirements.txt"

T = TypeVar("T")

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PATH_IN_CARD = re.compile(r"[\w./-]{1,200}", re.ASCII)
_STAGE = re.compile(r"  ([^\s:]+):")
_SECTION = re.compile(r"    (\w+):.*")
_PATH = re.compile(r"    - path: (.+)")
_FACT = re.compile(r"      (md5|size): (\S+)")


class NothingRecorded(Exception):
    """The version was registered before this was kept; the message may be shown."""


class _Unknown(Exception):
    """The message says why something is not known."""


@dataclass(frozen=True, slots=True)
class LockLine:
    """What dvc.lock says about one file: which stage read or wrote it, and its MD5 and size."""

    stage: str
    section: str  # deps or outs
    path: str
    md5: str
    size: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that is known about how a version was made. Digests are sha256, in hex."""

    commit: str | None
    # "git": HEAD held exactly the files that the card names. "environment": SHELFMARK_COMMIT said
    # so, where there was no repository to ask.
    commit_from: str | None
    commit_unknown: str | None  # a sentence, where there is no commit
    lock: str | None  # the text of dvc.lock
    lock_sha256: str | None
    lock_unknown: str | None  # a sentence, where there is no lock
    params_sha256: str | None
    python: str
    requirements_sha256: str | None
    train_requirements_sha256: str | None
    card: bytes
    card_sha256: str
    dataset_sha256: str
    raw_dataset_sha256: str | None
    lock_lines: tuple[LockLine, ...]
    made: LockLine | None  # the line of the version's own file


def of(version: ModelVersion) -> Provenance:
    """Return what was recorded when this version was registered. Raise NothingRecorded."""
    if version.provenance is None:
        raise NothingRecorded(
            "This model was registered before Shelfmark recorded where models come from."
        )
    told, card = json.loads(version.provenance), json.loads(version.card)
    lines = tuple(lock_lines(told["lock"] or ""))
    name = "/" + card["files"][version.kind]["path"]
    return Provenance(
        **{name: value for name, value in told.items() if name != "format"},
        card=version.card.encode(),
        card_sha256=hashlib.sha256(version.card.encode()).hexdigest(),
        dataset_sha256=version.dataset_sha256,
        raw_dataset_sha256=card["dataset"].get("raw_sha256"),
        lock_lines=lines,
        made=next((it for it in lines if it.section == "outs" and it.path.endswith(name)), None),
    )


def gather(folder: Path, *, card: Mapping[str, Any], commit: str) -> str:
    """Return the canonical JSON of what is known about the release in `folder`.

    `commit` is what the environment says about the code here; it is believed only where no Git
    repository can be asked.
    """
    root = next((it for it in folder.resolve().parents if (it / LOCK).is_file()), None)
    lock, lock_unknown = _known(lambda: _lock(root, folder, card))
    found, commit_unknown = _known(lambda: _commit(root, card, lock, commit))
    said, origin = found or (None, None)
    sources = _sources(card)
    told = {
        "format": FORMAT,
        "commit": said,
        "commit_from": origin,
        "commit_unknown": commit_unknown,
        "lock": lock,
        "lock_sha256": hashlib.sha256(lock.encode()).hexdigest() if lock else None,
        "lock_unknown": lock_unknown,
        "params_sha256": sources.get("params.yaml"),
        "python": PYTHON,
        "requirements_sha256": _run_requirements(root) if lock else None,
        "train_requirements_sha256": sources.get(TRAIN_REQUIREMENTS),
    }
    return canonical_json(told).decode()


def lock_lines(lock: str) -> Iterator[LockLine]:
    """Yield what a dvc.lock says about each file, in its own order."""
    stage = section = path = md5 = ""
    for line in lock.splitlines():
        if found := _STAGE.fullmatch(line):
            stage, section = found[1], ""
        elif found := _SECTION.fullmatch(line):
            section = found[1]
        elif found := _PATH.fullmatch(line):
            path = found[1]
        elif found := _FACT.fullmatch(line):
            if found[1] == "md5":
                md5 = found[2]
            elif section in ("deps", "outs"):
                yield LockLine(stage, section, path, md5, int(found[2]))


def _known(ask: Callable[[], T]) -> tuple[T | None, str | None]:
    """Return what `ask` found and None, or None and why it is not known."""
    try:
        return ask(), None
    except _Unknown as error:
        return None, str(error)


def _lock(root: Path | None, folder: Path, card: Mapping[str, Any]) -> str:
    """Return the text of the dvc.lock that names the release's files byte for byte."""
    if root is None:
        raise _Unknown("There is no dvc.lock above the release's folder.")
    lock = (root / LOCK).read_text(encoding="utf-8")
    made = {line.path: line.md5 for line in lock_lines(lock) if line.section == "outs"}
    for name in ("card.json", *(file["path"] for file in card["files"].values())):
        path = (folder.resolve() / name).relative_to(root).as_posix()
        # DVC's hashes are MD5. They only tell which lock this is; what counts is the sha256.
        md5 = hashlib.md5((folder / name).read_bytes(), usedforsecurity=False).hexdigest()
        if made.get(path) != md5:
            raise _Unknown(f"The dvc.lock above the release's folder does not name this {name}.")
    return lock


def _commit(
    root: Path | None, card: Mapping[str, Any], lock: str | None, said: str
) -> tuple[str, str]:
    """Return the commit whose files the card names, and who said so."""
    if root is None or lock is None:
        raise _Unknown("No pipeline stands beside the release, so no commit can be its source.")
    if not (root / ".git").exists():
        if not _COMMIT.fullmatch(said):
            raise _Unknown("There is no Git repository here, and SHELFMARK_COMMIT names no commit.")
        return said, "environment"
    head = _git(root, "rev-parse", "HEAD").decode().strip()
    if not _sources(card):
        raise _Unknown("The card does not name the files that made the release.")
    made = {line.path for line in lock_lines(lock) if line.section == "outs"}
    wanted = {path: digest for path, digest in _sources(card).items() if path not in made}
    wanted[LOCK] = hashlib.sha256(lock.encode()).hexdigest()
    if (root / "dvc.yaml").is_file():
        wanted["dvc.yaml"] = _sha256_of(root / "dvc.yaml")
    for path, digest in sorted(wanted.items()):
        if hashlib.sha256(_git(root, "show", f"{head}:{path}")).hexdigest() != digest:
            raise _Unknown(f"The commit checked out here, {head[:12]}, has another {path}.")
    return head, "git"


def _git(root: Path, *arguments: str) -> bytes:
    # A hook sets GIT_DIR and the like, which would point at another repository.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", root, *arguments], env=env, capture_output=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Unknown("Git could not be asked which commit this is.") from error
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise _Unknown(f"Git could not say which commit this is: {last[:200]}")
    return done.stdout


def _run_requirements(root: Path | None) -> str | None:
    path = (root or Path()) / REQUIREMENTS
    return _sha256_of(path) if path.is_file() else None


def _sources(card: Mapping[str, Any]) -> dict[str, str]:
    """Return path and sha256 of every file that decided what the release is.

    Nothing, where the card was written by something else than the pipeline.
    """
    sources = card.get("sources")
    if not isinstance(sources, dict):
        return {}
    pairs = [(str(path), str(digest)) for path, digest in sources.items()]
    if not all(_PATH_IN_CARD.fullmatch(path) and _SHA256.fullmatch(it) for path, it in pairs):
        return {}
    return dict(pairs)


def _sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
