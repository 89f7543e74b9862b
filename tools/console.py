"""How the commands speak: numbered steps, sentences, and a clean end when something is missing."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"


class CannotGoOn(Exception):
    """The message is a sentence that says what to do next."""


class Steps:
    """Counts the steps of one command and says how long each took."""

    def __init__(self, total: int, *, done: int = 0) -> None:
        self._total = total
        self._number = done

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        self._number += 1
        head = f"[{self._number}/{self._total}] {title}"
        say(f"{head} ...")
        start = time.monotonic()
        yield
        say(f"{head}: done in {time.monotonic() - start:.1f} s")


def say(sentence: str) -> None:
    print(sentence, flush=True)


def call(
    command: Sequence[str | Path], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> None:
    """Run a command and let it speak for itself. Raise CannotGoOn when it fails."""
    words = [str(word) for word in command]
    try:
        code = subprocess.run(words, cwd=cwd, env=env, check=False).returncode
    except FileNotFoundError as error:
        raise CannotGoOn(f"There is no `{words[0]}` on this machine.") from error
    if code != 0:
        raise CannotGoOn(f"`{shlex.join(words)}` failed with exit code {code}; see above.")


def main(command: Callable[[], None]) -> None:
    """Run a command's function; end with one sentence instead of a traceback."""
    os.chdir(ROOT)
    # `kill` ends a command the way Ctrl-C does, so that it can put away what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        command()
    except CannotGoOn as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
