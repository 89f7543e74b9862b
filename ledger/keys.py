"""The private keys that sign the log: files outside the database, or the environment.

Only the process that seals needs them. A key is written as Go's signed notes write a signer,
one line "PRIVATE+KEY+<name>+<hash>+<base64>"; its name is the origin of the log. Everybody else
knows the public halves, the rows of LogKey.
"""

from __future__ import annotations

import base64
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from ledger import note
from ledger.models import LogKey
from lib import clock

# For how long the key before the current one signs too, so that whoever knows only that one has
# time to learn the new one.
BOTH_SIGN = timedelta(days=90)

_ED25519 = bytes([note.ED25519])
_PREFIX = "PRIVATE+KEY+"
_NAME = re.compile(r"[!-*,-~]+")  # what can be seen, without the +
_NUMBERED = re.compile(r"[0-9]{4}\.key", re.ASCII)


class CannotUseKey(Exception):
    """The message says what is wrong with the key of the ledger and what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """An Ed25519 key that signs as `name`."""

    name: str
    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def new(cls, name: str) -> Key:
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, text: str, *, source: str) -> Key:
        """Read a signer as Go's signed notes write it. Raise CannotUseKey."""
        wrong = CannotUseKey(
            f"{source} holds no key of a ledger: it is one line that starts with {_PREFIX}. "
            "Restore it from a backup."
        )
        line = text.strip()
        name, _, rest = line.removeprefix(_PREFIX).partition("+")
        _, _, encoded = rest.partition("+")
        if not line.startswith(_PREFIX) or not _NAME.fullmatch(name):
            raise wrong
        try:
            data = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise wrong from error
        if len(data) != 33 or data[:1] != _ED25519:
            raise wrong
        key = cls(name, Ed25519PrivateKey.from_private_bytes(data[1:]))
        if key.text() != line:
            raise wrong
        return key

    def text(self) -> str:
        """Return the secret line that `parse` reads."""
        encoded = base64.b64encode(_ED25519 + self._private.private_bytes_raw()).decode()
        return f"{_PREFIX}{self.name}+{self.key_id.hex()}+{encoded}"

    @property
    def public(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    @property
    def verifier(self) -> note.Verifier:
        return note.Verifier(self.name, note.ED25519, self.public)

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    @property
    def vkey(self) -> str:
        return self.verifier.vkey

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)


def verify_ed25519(public: bytes, signature: bytes, data: bytes) -> bool:
    """Say whether this signature is right. What has the wrong length is not."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def held(*, create: bool) -> list[Key]:
    """Return the private keys that this process can reach, the newest first.

    With `create`, the first one is made if there is none. Raise CannotUseKey.
    """
    return read(
        folder=settings.LEDGER_KEYS_DIR,
        given=[
            (name, text)
            for name, text in (
                ("SHELFMARK_LEDGER_KEY", settings.LEDGER_KEY),
                ("SHELFMARK_LEDGER_KEY_PREVIOUS", settings.LEDGER_KEY_PREVIOUS),
            )
            if text
        ],
        origin=settings.LEDGER_ORIGIN,
        create=create,
    )


def read(*, folder: Path, given: Sequence[tuple[str, str]], origin: str, create: bool) -> list[Key]:
    """Return `given` keys (the name of the variable and its text) or those of the folder."""
    if given:
        keys = [Key.parse(text, source=name) for name, text in given]
    else:
        keys = _in_folder(folder)
        if not keys and create:
            with _locked(folder):
                # Somebody else may have made it while we waited.
                keys = _in_folder(folder)
                if not keys:
                    name = origin or f"shelfmark.local/ledger/{secrets.token_hex(6)}"
                    keys = [Key.new(name)]
                    _write(folder, keys[0])
    names = sorted({key.name for key in keys})
    if len(names) > 1:
        raise CannotUseKey(
            f"The keys of the ledger have different names: {', '.join(names)}. A log keeps its "
            "name for ever; take out the key that belongs to another one."
        )
    if keys and origin and names != [origin]:
        raise CannotUseKey(
            f"SHELFMARK_LEDGER_ORIGIN is {origin}, but the key of this log is called {names[0]}. "
            "A log keeps its name for ever: take the variable out, or set it to that name."
        )
    return keys


def add(*, folder: Path, key: Key) -> None:
    """Put a further key into the folder. It signs nothing before the rotation is recorded."""
    with _locked(folder):
        _write(folder, key)


def _in_folder(folder: Path) -> list[Key]:
    return [Key.parse(_read_private(path), source=str(path)) for path in reversed(_files(folder))]


def _files(folder: Path) -> list[Path]:
    """Return the files with keys, the oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if _NUMBERED.fullmatch(path.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CannotUseKey(
            f"SHELFMARK_LEDGER_KEYS_DIR, {folder}, cannot be read: {error.strerror}."
        ) from error


def _read_private(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise CannotUseKey(
                    f"Others may read the key of the ledger: {path} has mode {mode:04o}. Type "
                    f"`chmod 600 {path}`, and `python manage.py rotate_ledger_key` if somebody "
                    "else may have read it."
                )
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotUseKey(f"The key of the ledger, {path}, cannot be read: {error}.") from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make the folder if it is not there, and let one process at a time write into it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise CannotUseKey(
            f"The key of the ledger cannot be written to {folder}: {error.strerror}. Set "
            "SHELFMARK_LEDGER_KEYS_DIR to a folder that this process may write to, or "
            "SHELFMARK_LEDGER_KEY_FILE to a file with a key."
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(folder: Path, key: Key) -> None:
    """Write the key under the next number, whole or not at all. Call it inside `_locked`."""
    files = _files(folder)
    last = int(files[-1].stem) if files else 0
    unfinished = folder / "unfinished"
    try:
        # What a process left behind when it was killed in the middle of this.
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key.text() + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(folder / f"{last + 1:04}.key")
    except OSError as error:
        raise CannotUseKey(
            f"The key of the ledger cannot be written to {folder}: {error.strerror}."
        ) from error


def keys_to_sign_with(*, create: bool) -> list[Key]:
    """Return the keys that sign a checkpoint now: the current one first. Raise CannotUseKey.

    Which these are is for the rows of LogKey to say, so that a key counts from the transaction
    on in which its entry was written. With `create`, a log without any gets its first key.
    """
    now = clock.now()
    signing = [public for public in public_keys() if public.until is None or now < public.until]
    if not signing:
        return held(create=create)[:1]
    private = {key.vkey: key for key in held(create=False)}
    current = signing[0].vkey
    if current not in private:
        raise CannotUseKey(lacks(current))
    return [private[public.vkey] for public in signing if public.vkey in private]


def lacks(vkey: str) -> str:
    """Return what to say when the private half of this key cannot be found."""
    where = "SHELFMARK_LEDGER_KEY" if settings.LEDGER_KEY else str(settings.LEDGER_KEYS_DIR)
    return (
        f"The private half of {vkey} is not in {where}. Restore it from its backup. If it is "
        "lost for ever, type `python manage.py rotate_ledger_key --lost`."
    )


def name_of(vkey: str) -> str:
    """Return the name of a key, which is the origin of its log."""
    return note.Verifier.parse(vkey).name


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a key, and when it stops signing, if that is known."""

    vkey: str
    since: datetime
    until: datetime | None


def public_keys() -> list[PublicKey]:
    """Return every key that ever signed this log, the current one first."""
    found: list[PublicKey] = []
    replaced: datetime | None = None
    for row in LogKey.objects.order_by("-since", "-pk"):
        found.append(PublicKey(row.vkey, row.since, replaced and replaced + BOTH_SIGN))
        replaced = row.since
    return found
