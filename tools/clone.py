"""A fresh clone at a recorded commit, and DVC in it, with none of this machine's settings."""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.console import CannotGoOn, call, say
from tools.model import dvc_environment

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def checkout(
    clone: Path, repositories: Sequence[str], *, commit: str | None, path: str, sha256: str
) -> str:
    """Check `commit` out into the folder `clone`, from the first repository that has it.

    Where no commit was recorded, take the newest whose file `path` has this digest. Return the
    commit. Raise CannotGoOn.
    """
    if not repositories:
        raise CannotGoOn(
            "There is no Git repository here. Say where one is:"
            " SHELFMARK_REPOSITORY=https://… make reproduce …"
        )
    for repository in repositories:
        shutil.rmtree(clone, ignore_errors=True)
        # Settings and hooks of this machine must not change a byte of what is checked out.
        call(
            [
                "git", "clone", "--quiet", "--no-checkout", "--template=",
                "--config", "core.autocrlf=false", "--config", "core.hooksPath=/dev/null",
                "--", repository, clone,
            ],
            cwd=clone.parent,
        )  # fmt: skip
        found = commit
        if commit is None and (held := newest_with(clone, path, sha256=sha256)) is not None:
            found, _ = held
        if found is not None and _has(clone, found):
            say(f"    {found} of {repository}")
            call(["git", "-C", clone, "checkout", "--quiet", "--detach", found])
            return found
    where = " and ".join(repositories)
    if commit is None:
        raise CannotGoOn(
            f"No commit was recorded for this model, and none in {where} has its card."
        )
    raise CannotGoOn(
        f"Commit {commit}, which made this model, is not in {where}. Say where it is:"
        " SHELFMARK_REPOSITORY=https://… make reproduce …"
    )


def _has(clone: Path, commit: str) -> bool:
    if not _COMMIT.fullmatch(commit):
        return False
    if _git(clone, "cat-file", "-e", f"{commit}^{{commit}}") is not None:
        return True
    # A clone brings what branches and tags lead to; a server may have more.
    return _git(clone, "fetch", "--quiet", "origin", commit) is not None


def newest_with(clone: Path, path: str, *, sha256: str) -> tuple[str, bytes] | None:
    """Return the newest commit of any branch in which `path` has this digest, and its bytes."""
    log = _git(clone, "log", "--all", "--format=%H", "--", path) or b""
    for commit in log.decode().split():
        data = _git(clone, "show", f"{commit}:{path}")
        if data is not None and hashlib.sha256(data).hexdigest() == sha256:
            return commit, data
    return None


def _git(clone: Path, *arguments: str) -> bytes | None:
    """Return what Git answers, or None if it could not."""
    command = ["git", "-C", str(clone), *arguments]
    done = subprocess.run(command, check=False, capture_output=True)
    return done.stdout if done.returncode == 0 else None


@dataclass(frozen=True)
class Pipeline:
    """DVC in a clone, with nobody's settings and no cache but the clone's own."""

    clone: Path
    venv: Path
    config: Path

    def run(self, *arguments: str) -> None:
        env = dvc_environment(root=self.clone, venv=self.venv, config=self.config)
        command = [str(self.venv / "bin" / "python"), "-m", "dvc", *arguments]
        # A session of its own, so that whatever ends this process can end the stages as well.
        child = subprocess.Popen(command, cwd=self.clone, env=env, start_new_session=True)
        try:
            code = child.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            raise
        if code != 0:
            raise CannotGoOn(
                f"`dvc {' '.join(arguments)}` failed with exit code {code}; see above."
            )
