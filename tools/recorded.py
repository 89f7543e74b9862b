"""The recorded dataset: where it can be had, and how another one differs from it."""

import contextlib
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry.provenance import lock_lines
from tools import differences
from tools.clone import Pipeline, newest_with
from tools.console import ROOT, CannotGoOn, say
from tools.differences import Difference

RAW = "data/raw/products.csv"


def place(
    facts: Mapping[str, Any], *, clone: Path, pipeline: Pipeline, given: Path | None
) -> Difference | None:
    """Put the recorded dataset into the clone, or say how the one that is there differs from it.

    `facts` are the card's, `given` is what somebody brought to be compared; without it, the
    commit's own is. Raise CannotGoOn if there is none.
    """
    wanted = facts["raw_sha256"]
    held = (clone / RAW).read_bytes() if (clone / RAW).is_file() else None
    recorded = _recorded(wanted, clone, pipeline)
    (clone / RAW).parent.mkdir(parents=True, exist_ok=True)
    if recorded is not None:
        (clone / RAW).write_bytes(recorded)
    name, data = f"{RAW} of the commit", recorded if held is None else held
    if given is not None:
        name, data = str(given), _read(given)
    if data is None:
        raise CannotGoOn(
            f"The dataset with sha256 {wanted} is neither in Git nor in a DVC cache or remote."
            " Bring it: DATASET=file make reproduce …"
        )
    digest = _sha256(data)
    if digest == wanted:
        say(f"    {name} is {digest[:12]}…, as recorded.")
        (clone / RAW).write_bytes(data)
        return None
    if digest == facts["sha256"]:
        if recorded is None:
            raise CannotGoOn(f"{name} is the prepared dataset; the pipeline needs the raw one.")
        say(f"    {name} is {digest[:12]}…, the prepared one, as recorded.")
        return None
    # Receipts name the prepared dataset, so somebody may hold that or the raw one.
    if b"split" in data.partition(b"\n")[0].strip().split(b","):
        if recorded is not None:
            pipeline.run("repro", "--force", "--single-item", "prepare")
            recorded = (clone / facts["path"]).read_bytes()
        return _difference(recorded, data, name, path=facts["path"], wanted=facts["sha256"])
    return _difference(recorded, data, name, path=RAW, wanted=wanted)


def another_here(clone: Path) -> str:
    """Return a sentence if the dataset in this folder is not the one in the clone, else nothing."""
    here = ROOT / RAW
    if not here.is_file():
        return ""
    path = f"{RAW} in this folder"
    found = differences.in_rows((clone / RAW).read_bytes(), here.read_bytes(), path=path)
    return f" Another dataset lies here, and took no part: {found.sentence}" if found else ""


def _difference(
    recorded: bytes | None, data: bytes, name: str, *, path: str, wanted: str
) -> Difference:
    if recorded is not None and _sha256(recorded) == wanted:
        found = differences.in_rows(recorded, data, path=name)
        assert found is not None  # their digests differ
        return replace(found, stage="dataset", path=path)
    return Difference(
        f"{name} has sha256 {_sha256(data)}, recorded was {wanted}. The recorded dataset cannot"
        " be had here, so which row differs cannot be said.",
        stage="dataset",
        path=path,
    )


def _recorded(wanted: str, clone: Path, pipeline: Pipeline) -> bytes | None:
    """Return the dataset with this digest: from Git, from the DVC cache here, or from a remote."""
    path = clone / RAW
    if path.is_file() and _sha256(path.read_bytes()) == wanted:
        return path.read_bytes()
    if (found := newest_with(clone, RAW, sha256=wanted)) is not None:
        return found[1]
    lines = lock_lines((clone / "dvc.lock").read_text("utf-8"))
    md5 = next((line.md5 for line in lines if line.path == RAW), "none")
    cached = ROOT / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
    if not cached.is_file() and (clone / f"{RAW}.dvc").is_file():
        if (local := ROOT / ".dvc" / "config.local").is_file():
            shutil.copyfile(local, clone / ".dvc" / "config.local")
        with contextlib.suppress(CannotGoOn):
            pipeline.run("pull", "--quiet", f"{RAW}.dvc")
        cached = path
    data = cached.read_bytes() if cached.is_file() else b""
    return data if _sha256(data) == wanted else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CannotGoOn(f"{path} cannot be read: {error.strerror}.") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
