"""Signed notes, checkpoints, cosignatures and proofs as C2SP writes them.

Pure functions of the standard library: c2sp.org/signed-note, tlog-checkpoint,
tlog-cosignature (cosignature/v1) and tlog-proof@v1. Whoever signs or verifies with Ed25519
hands in the function, so that nothing here needs a library of cryptography. Each text has
one right spelling, and no other is read.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

ED25519 = 1
COSIGNATURE = 4
# Limits of Go's golang.org/x/mod/sumdb/note. C2SP asks for 16 signatures or more.
MOST_BYTES = 1_000_000
MOST_SIGNATURES = 100
PROOF_FORMAT = "c2sp.org/tlog-proof@v1"

_DASH = "\u2014"
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_MOST = 2**63 - 1
_MOST_HASHES = 63

# verify(public key of 32 bytes, signature of 64 bytes, message) -> whether it is right
Verify = Callable[[bytes, bytes, bytes], bool]


class WrongNote(Exception):
    """A note, checkpoint, key or proof is not as C2SP writes it, or not signed as it must be."""


class TreeHead(NamedTuple):
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Signature:
    """One line below a note, not verified. Of a cosignature the first 8 bytes are its time."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A text, with its last newline, and the signatures below it."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class Proof:
    """A proof of inclusion with the checkpoint, a signed note, that it leads to."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


@dataclass(frozen=True)
class Verifier:
    """A public key by which a log (type 1) or a witness (type 4) is known: a vkey."""

    name: str
    type: int
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.type not in (ED25519, COSIGNATURE) or len(self.public) != 32:
            raise WrongNote("Only Ed25519 keys are known here: type 1 or 4, with 32 bytes.")

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read `name+key id+base64 of the type and the key`."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        data = _unbase64(encoded)
        if not data:
            raise WrongNote(f"{vkey!r} is not a verifier key.")
        verifier = cls(name, data[0], data[1:])
        if verifier.key_id.hex() != key_id:
            raise WrongNote(f"The key id in {vkey!r} is that of another key.")
        return verifier

    @property
    def key_id(self) -> bytes:
        """Return the 4 bytes that stand for the key in a signature."""
        return key_id(self.name, self.type, self.public)

    @property
    def vkey(self) -> str:
        """Return the key as text."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(bytes([self.type]) + self.public)}"


def key_id(name: str, type: int, public: bytes) -> bytes:
    """Return the 4 bytes that stand for a key in a signature (signed-note, "Signatures")."""
    return sha256(name.encode() + b"\n" + bytes([type]) + public).digest()[:4]


def sign(text: str, *, name: str, key_id: bytes, signature: bytes) -> str:
    """Return the line, newline included, that goes below a note: `— name base64`.

    The signature is made by the caller, over `text.encode()` or, for a cosignature, over
    `cosignature_message` with the time in front (`cosignature`).
    """
    _check_text(text)
    _check_name(name)
    if len(key_id) != 4 or not signature:
        raise WrongNote("A signature has a key id of 4 bytes and is not empty.")
    return f"{_DASH} {name} {_base64(key_id + signature)}\n"


def signed(text: str, lines: Iterable[str]) -> str:
    """Return the note: the text, an empty line and the lines of `sign`."""
    note = text + "\n" + "".join(lines)
    parse_note(note)
    return note


def parse_note(note: str) -> Note:
    """Return a note's text and its signatures, which are not verified by this."""
    text, separator, below = note.rpartition("\n\n")
    if not separator or not below.endswith("\n"):
        raise WrongNote("A note is a text, an empty line and at least one signature.")
    text += "\n"
    _check_text(text, note)
    lines = below[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise WrongNote(f"A note has at most {MOST_SIGNATURES} signatures.")
    return Note(text, tuple(map(_parse_signature, lines)))


def _parse_signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = _unbase64(encoded)
    if dash != _DASH or len(data) < 5:
        raise WrongNote(f"{line!r} is not a signature.")
    _check_name(name)
    return Signature(name, data[:4], data[4:])


def check_note(note: Note, verifiers: Sequence[Verifier], verify_ed25519: Verify) -> list[str]:
    """Return the names of the known keys that signed a note; others' signatures do not count.

    Raises:
        WrongNote: a known key's signature is wrong, or no known key signed.
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise ValueError(f"Two keys are called {verifier.name}+{verifier.key_id.hex()}.")
    names: list[str] = []
    for signature in note.signatures:
        signer = known.get((signature.name, signature.key_id))
        if signer is None:
            continue
        if not _is_right(note.text, signature, signer, verify_ed25519):
            raise WrongNote(f"The signature of {signature.name} is wrong.")
        if signer.name not in names:
            names.append(signer.name)
    if not names:
        raise WrongNote("No known key signed this.")
    return names


def _is_right(text: str, signature: Signature, signer: Verifier, verify: Verify) -> bool:
    if signer.type == ED25519:
        return len(signature.signature) == 64 and verify(
            signer.public, signature.signature, text.encode()
        )
    if len(signature.signature) != 72:
        return False
    # A witness says when it saw a checkpoint, and nothing about other notes.
    parse_checkpoint(text)
    at = cosignature_time(signature.signature)
    return at <= _MOST and verify(
        signer.public, signature.signature[8:], cosignature_message(at, text)
    )


def cosignature_message(time: int, text: str) -> bytes:
    """Return what a witness signs with Ed25519 (tlog-cosignature); time in POSIX seconds."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosignature(time: int, signature: bytes) -> bytes:
    """Return a witness's time and signature as they stand together in a note."""
    if not 0 <= time <= _MOST or len(signature) != 64:
        raise WrongNote("A cosignature has a time and 64 bytes.")
    return time.to_bytes(8, "big") + signature


def cosignature_time(signature: bytes) -> int:
    """Return the POSIX seconds at which a witness cosigned."""
    return int.from_bytes(signature[:8], "big")


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """Return the text of a checkpoint (tlog-checkpoint), to be signed."""
    text = f"{origin}\n{size}\n{_base64(root)}\n"
    if parse_checkpoint(text) != (origin, size, root):
        raise WrongNote(f"{origin!r} cannot be the origin of a log.")
    return text


def parse_checkpoint(text: str) -> TreeHead:
    """Return what the text of a checkpoint says. Further lines are allowed and not read."""
    _check_text(text)
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise WrongNote("A checkpoint has three lines: the origin, the size and the root.")
    root = _unbase64(lines[2])
    if len(root) != 32:
        raise WrongNote("The root in a checkpoint has 32 bytes.")
    return TreeHead(lines[0], _number(lines[1]), root)


def proof_text(index: int, hashes: Sequence[bytes], checkpoint_note: str) -> str:
    """Return a proof of inclusion with its checkpoint (tlog-proof@v1)."""
    path = "".join(f"{_base64(item)}\n" for item in hashes)
    text = f"{PROOF_FORMAT}\nindex {index}\n{path}\n{checkpoint_note}"
    parse_proof(text)
    return text


def parse_proof(text: str) -> Proof:
    """Return the parts of a proof. Whether it proves anything is for `tree.check_inclusion`."""
    _check_text(text)
    head, _, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if lines.pop(0) != PROOF_FORMAT:
        raise WrongNote(f"A proof begins with {PROOF_FORMAT}.")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = _unbase64(lines.pop(0).removeprefix("extra "))
    word, _, index = lines.pop(0).partition(" ") if lines else ("", "", "")
    if word != "index":
        raise WrongNote("A proof says the index of its leaf.")
    hashes = tuple(map(_unbase64, lines))
    if len(hashes) > _MOST_HASHES or any(len(item) != 32 for item in hashes):
        raise WrongNote(f"A proof has at most {_MOST_HASHES} hashes, each of 32 bytes.")
    parse_checkpoint(parse_note(checkpoint).text)
    return Proof(_number(index), hashes, checkpoint, extra)


def _number(text: str) -> int:
    if not _DECIMAL.fullmatch(text) or int(text) > _MOST:
        raise WrongNote(f"{text!r} is not a whole number below 2**63, written as it should be.")
    return int(text)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _unbase64(text: str) -> bytes:
    try:
        data = b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise WrongNote(f"{text!r} is not base64.") from error
    # The unused bits of the last character must be zero, or one hash had several spellings.
    if _base64(data) != text:
        raise WrongNote(f"{text!r} is not base64 as it should be written.")
    return data


def _check_name(name: str) -> None:
    _check_text(name + "\n")
    if not name or "+" in name or any(character.isspace() for character in name):
        raise WrongNote(f"{name!r} cannot be the name of a key: no spaces, no plus sign.")


def _check_text(text: str, whole: str | None = None) -> None:
    try:
        size = len((text if whole is None else whole).encode())
    except UnicodeEncodeError as error:
        raise WrongNote("Half of a surrogate pair has no UTF-8 form.") from error
    if size > MOST_BYTES:
        raise WrongNote(f"A note has at most {MOST_BYTES} bytes.")
    if not text.endswith("\n") or any(item < " " and item != "\n" for item in text):
        raise WrongNote("A text ends with a newline and has no other control characters.")
