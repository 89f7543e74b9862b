"""Model files on the disk, each under the sha256 of its bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from django.conf import settings


class WrongFile(Exception):
    """The file is missing, cut off or not the one that its name promises."""


def path_of(sha256: str, *, kind: str) -> Path:
    """Return where the file with this digest lies; it need not be there."""
    suffix = "json" if kind == "rules" else "safetensors"
    return Path(settings.MODELS_DIR) / f"{sha256}.{suffix}"


def read(sha256: str, *, kind: str) -> bytes:
    """Return the bytes of a stored file. Whoever parses them must hash these very bytes again."""
    try:
        return path_of(sha256, kind=kind).read_bytes()
    except OSError as error:
        raise WrongFile(
            f"{path_of(sha256, kind=kind)} cannot be read: {error.strerror}."
        ) from error


def check(sha256: str, *, kind: str, size: int) -> None:
    """Raise WrongFile with a sentence that says what is wrong with a stored file."""
    data = read(sha256, kind=kind)
    path = path_of(sha256, kind=kind)
    if len(data) < size:
        raise WrongFile(f"{path} is cut off: {len(data)} of {size} bytes.")
    if (actual := hashlib.sha256(data).hexdigest()) != sha256:
        raise WrongFile(f"{path} is not the file that was registered: its sha256 is {actual}.")


def store(data: bytes, *, sha256: str, kind: str) -> None:
    """Put `data` on the disk under its digest, whole or not at all, readable and not writable.

    A stored file that has the right bytes stays as it is; a damaged one is replaced.
    """
    path = path_of(sha256, kind=kind)
    with contextlib.suppress(WrongFile):
        check(sha256, kind=kind, size=len(data))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), 0o444)
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    # The rename is on the disk only when its folder is.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
