"""Build the model with DVC and say whether it is the one that the lock and the card promise.

`dvc repro` ends well and rewrites dvc.lock when a stage gives other bytes than before, so its
exit code proves nothing. What was promised is therefore read first and compared afterwards.
"""

import argparse
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools import environment, stamps
from tools.console import ROOT, VAR, CannotGoOn, call, main, say

LOCK = ROOT / "dvc.lock"
CARD = ROOT / "data" / "model" / "card.json"
_WATCHED = (
    ROOT / "dvc.yaml", LOCK, ROOT / "params.yaml", ROOT / "requirements-train.txt", ROOT / "data",
    ROOT / "categorizer",
)  # fmt: skip


@dataclass(frozen=True)
class Promise:
    """What the repository says the model is, before anything is built."""

    lock: bytes
    card: bytes
    # Every file that is in the repository and that a run of the pipeline writes.
    files: Mapping[Path, bytes]


def ensure_model(*, force: bool = False) -> None:
    """Build the model unless it is there, and insist that it is the promised one."""
    if not force and stamps.is_done("model", _state()):
        say("    The model is already built and verified.")
        return
    promise = _promise()
    _reproduce(force=force)
    differing = _differences(promise)
    if differing:
        # Put the promise back, or the next start would believe the rewritten one.
        for path, data in promise.files.items():
            path.write_bytes(data)
        raise CannotGoOn(
            "The model built here is not the one this repository promises:\n  "
            + "\n  ".join(differing)
            + "\nIf data, parameters or code were changed on purpose, run `make model`"
            " and commit what it writes."
        )
    stamps.mark_done("model", _state())
    say(f"    The model is {model_sha256()[:12]}…, as dvc.lock and the card say.")


def rebuild(*, force: bool) -> None:
    """`make model`: build, keep what comes out, and say how it compares with what was promised."""
    promise = _promise()
    _reproduce(force=force)
    _check_files()
    stamps.mark_done("model", _state())
    differing = _differences(promise)
    if differing:
        say("The model is a new one:\n  " + "\n  ".join(differing))
        say("Commit dvc.lock and data/model/card.json if that is what you meant.")
    else:
        say(f"The model is {model_sha256()}, byte for byte what dvc.lock and the card promise.")


def model_sha256() -> str:
    return str(json.loads(CARD.read_bytes())["files"]["model"]["sha256"])


def _promise() -> Promise:
    tables = [*CARD.parent.glob("*.csv"), *CARD.parent.glob("metrics.json")]
    try:
        files = {path: path.read_bytes() for path in (LOCK, CARD, *tables)}
        return Promise(lock=files[LOCK], card=files[CARD], files=files)
    except FileNotFoundError as error:
        raise CannotGoOn(
            f"{Path(error.filename).relative_to(ROOT)} is missing, so nobody can say which model"
            " this should be. Take it from the repository: git checkout -- dvc.lock data/model"
        ) from error


def dvc_environment(*, root: Path, venv: Path, config: Path) -> dict[str, str]:
    """Return the environment in which DVC asks nobody's settings and runs its stages in `venv`."""
    config.mkdir(parents=True, exist_ok=True)
    # Without a Git repository (a tarball, an image) DVC refuses to start unless told so.
    scm = "" if (root / ".git").exists() else "[core]\n    no_scm = true\n"
    (config / "config").write_text(scm)
    return {
        **os.environ,
        "PATH": f"{venv / 'bin'}:{os.environ['PATH']}",
        "DVC_GLOBAL_CONFIG_DIR": str(config),
        "DVC_SITE_CACHE_DIR": str(config / "site"),
        "DVC_NO_ANALYTICS": "1",
    }


def _reproduce(*, force: bool) -> None:
    env = dvc_environment(root=ROOT, venv=environment.VENV, config=VAR / "dvc")
    call([environment.VENV / "bin" / "dvc", "repro", *(["--force"] if force else [])], env=env)


def _differences(promise: Promise) -> list[str]:
    _check_files()
    found = []
    if LOCK.read_bytes() != promise.lock:
        found.append("dvc.lock: `dvc repro` recorded other hashes than the committed ones")
    if CARD.read_bytes() != promise.card:
        before, after = (json.loads(card)["files"] for card in (promise.card, CARD.read_bytes()))
        changed = [
            f"data/model/{file['path']}: sha256 {file['sha256']},"
            f" promised {before.get(name, {}).get('sha256', 'nothing')}"
            for name, file in after.items()
            if file != before.get(name)
        ]
        found += changed or ["data/model/card.json: other figures than the committed ones"]
    return found


def _check_files() -> None:
    """The files beside the card are the ones that the card names."""
    for file in json.loads(CARD.read_bytes())["files"].values():
        path = CARD.parent / file["path"]
        if not path.is_file():
            raise CannotGoOn(f"{path.relative_to(ROOT)} was not built.")
        actual = hashlib.sha256(path.read_bytes()).hexdigest()
        if actual != file["sha256"]:
            raise CannotGoOn(
                f"{path.relative_to(ROOT)} has sha256 {actual}, but its card says {file['sha256']}."
            )


def _state() -> str:
    return stamps.digest(path for path in _WATCHED if path.name != "tests")


def _command() -> None:
    parser = argparse.ArgumentParser(description="Build the model and compare it with its promise.")
    parser.add_argument("--verify", action="store_true", help="fail unless it is the promised one")
    parser.add_argument("--force", action="store_true", help="train again even if nothing changed")
    arguments = parser.parse_args()
    environment.ensure_packages(environment.RUN)
    if arguments.verify:
        ensure_model(force=arguments.force)
    else:
        rebuild(force=arguments.force)


if __name__ == "__main__":
    main(_command)
