"""A fresh clone at a recorded commit, and none of this machine's settings in it."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.console import CannotGoOn, call, say

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def checkout(
    clone: Path, repositories: Sequence[str], *, commit: str | None, path: str, holds: str
) -> str:
    """Check `commit` out into the folder `clone`, from the first repository that has it.

    Where no commit was recorded, take the newest whose file `path` holds these very words. Return
    the commit. Raise CannotGoOn.
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
        found = commit or _newest_with(clone, path, holds)
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


def _newest_with(clone: Path, path: str, holds: str) -> str | None:
    wanted = holds.encode()
    log = _git(clone, "log", "--all", "--format=%H", "--", path) or b""
    found = (it for it in log.decode().split() if _git(clone, "show", f"{it}:{path}") == wanted)
    return next(found, None)


def _git(clone: Path, *arguments: str) -> bytes | None:
    """Return what Git answers, or None if it could not."""
    command = ["git", "-C", str(clone), *arguments]
    done = subprocess.run(command, check=False, capture_output=True)
    return done.stdout if done.returncode == 0 else None
