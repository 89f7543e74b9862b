#!/usr/bin/env python3
"""Check a Shelfmark proof bundle without Shelfmark, without a network and without a database.

    python verify.py BUNDLE [--key VKEY]... [--checkpoint FILE [--consistency FILE]] [--json]

BUNDLE is the zip, or the folder that it was unpacked to; without it, the folder of this file.
Exit code 0: everything that could be checked is right. 1: something is wrong. 2: used wrongly.

This file needs nothing but Python 3.8 or newer. It is one file on purpose, so that it can be
copied, read and run alone; that is also why it repeats what other files of Shelfmark do.
The formats are those of RFC 8032, RFC 8785, RFC 9162, of c2sp.org (signed-note,
tlog-checkpoint, tlog-cosignature, tlog-proof, tlog-policy) and of docs/ledger-format.md.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # Python 3.8 cannot evaluate these.
    Point = tuple[int, int, int, int]
    Facts = list[tuple[str, tuple[str, int]]]

NEEDED = (
    "MANIFEST",
    "VERIFY.md",
    "log.vkey",
    "policy",
    "proof.tlog-proof",
    "record.json",
    "verify.py",
    "verify.sh",
)
# Where a record keeps the commitment that each part of openings.json opens.
COMMITMENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "shelfmark-receipt/2": {
        "device": ("asked_by", "device_commitment"),
        "input": ("input_commitment",),
        "person": ("asked_by", "person_commitment"),
    },
    "shelfmark-entry/2": {"actor": ("actor",), "details": ("private",)},
    "shelfmark-receipt/1": {},
    "shelfmark-entry/1": {},
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX = re.compile(r"[0-9a-f]{64}")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH = "\u2014"


class Refused(Exception):
    """Something is not as it must be; the message is a sentence for the auditor."""


class Check(NamedTuple):
    """What came out of one check: good, bad, or open where nothing could be concluded."""

    status: str
    sentence: str


class Key(NamedTuple):
    """A verifier key: type 1 of a log, type 4 of a witness."""

    vkey: str
    name: str
    key_id: bytes
    type: int
    public: bytes


class Proof(NamedTuple):
    """The parts of a proof of inclusion and of its checkpoint."""

    leaf: int
    hashes: list[bytes]
    text: str
    signatures: list[tuple[str, bytes, bytes]]
    origin: str
    size: int
    root: bytes


class Card(NamedTuple):
    """What a model card says of one model."""

    path: str
    model: str  # sha256
    size: int
    dataset_path: str
    dataset: str  # sha256


# Ed25519: RFC 8032, section 5.1.7, without the cofactor. Encodings must be canonical.

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)


def verify_ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether `signature` is that of `message` by the key `public`."""
    if len(public) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    try:
        key = _decode(public)
        base = _decode(b"\x58" + b"\x66" * 31)
    except Refused:
        return False
    eighth = _add(key, key)
    eighth = _add(eighth, eighth)
    if s >= _L or _add(eighth, eighth)[0] == 0:  # a key of small order signs anything
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    minus = (_P - key[0], key[1], 1, _P - key[3])
    table = (None, base, minus, _add(base, minus))
    result: Point = (0, 1, 1, 0)
    for bit in range(252, -1, -1):
        result = _add(result, result)
        item = table[(s >> bit & 1) | (k >> bit & 1) << 1]
        if item:
            result = _add(result, item)
    inverse = pow(result[2], _P - 2, _P)
    x, y = result[0] * inverse % _P, result[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


def _add(a: Point, b: Point) -> Point:
    e1, e2 = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    c, d = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = e2 - e1, d - c, d + c, e2 + e1
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _decode(data: bytes) -> Point:
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * v**3 * pow(u * v**7, (_P - 5) // 8, _P) % _P
    if (v * x * x + u) % _P == 0:
        x = x * _ROOT % _P
    if y >= _P or (v * x * x - u) % _P or (x == 0 and sign):
        raise Refused("This is not a point of the curve.")
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


# The Merkle tree: RFC 9162, sections 2.1.1, 2.1.3.2 and 2.1.4.2.


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise Refused unless the path leads from this leaf, at this index, to this root."""
    number, last, result = index, size - 1, leaf
    if not 0 <= index < size:
        raise Refused(f"The proof speaks of entry {index} in a log of {size}.")
    for item in proof:
        if last == 0:
            raise Refused("The proof is too long for a log of this size.")
        if number & 1 or number == last:
            result = _node(item, result)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            result = _node(result, item)
        number, last = number >> 1, last >> 1
    if last or result != root:
        raise Refused("The proof does not lead from record.json to the root of the checkpoint.")


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise Refused unless the proof shows that the new tree continues the old one."""
    path = list(proof)
    if old in (0, new):
        if path or (old == new and old_root != new_root):
            raise Refused(f"Two checkpoints of {old} entries have different roots.")
        return
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old_result = new_result = path[0] if path else b""
    for item in path[1:]:
        if last == 0:
            raise Refused("The proof of consistency is too long.")
        if number & 1 or number == last:
            old_result, new_result = _node(item, old_result), _node(item, new_result)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            new_result = _node(new_result, item)
        number, last = number >> 1, last >> 1
    if last or old_result != old_root or new_result != new_root:
        raise Refused("The later checkpoint does not continue the earlier one.")


# Texts: canonical base64 and JSON, keys, notes, proofs.


def _unbase64(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        data = b""
    if not data or base64.b64encode(data).decode() != text:
        raise Refused(f"{text[:100]!r} is not base64 as it should be written.")
    return data


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("A text is not UTF-8.") from None
    if not text.endswith("\n") or any(item < " " and item != "\n" for item in text):
        raise Refused("A text does not end with a newline, or has other control characters.")
    return text


def canonical(value: object) -> bytes:
    """Return the bytes of a value after RFC 8785; there are no floats and all keys are ASCII."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8")


def parse_json(data: bytes) -> Any:
    """Return the value of canonical JSON, whose one right spelling this must be."""

    def refuse(text: str) -> None:
        raise ValueError(text)

    try:
        value = json.loads(data.decode("utf-8"), parse_float=refuse, parse_constant=refuse)
        if canonical(value) == data:
            return value
    except (ValueError, RecursionError):
        pass
    raise Refused("This is not canonical JSON (RFC 8785 without floating point numbers).")


def _get(value: Any, *path: str) -> Any:
    for name in path:
        if not isinstance(value, dict) or name not in value:
            raise Refused(f"There is no {'.'.join(path)} where there must be one.")
        value = value[name]
    return value


def _is_name(name: str) -> bool:
    return bool(name) and not any(item.isspace() or item < " " or item == "+" for item in name)


def parse_key(vkey: str) -> Key:
    """Return the parts of a verifier key `name+key id+base64`."""
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    data = _unbase64(encoded)
    right = hashlib.sha256(name.encode("utf-8", "replace") + b"\n" + data).digest()[:4]
    if not _is_name(name) or data[0] not in (1, 4) or len(data) != 33:
        raise Refused(f"{vkey!r} is not a verifier key for Ed25519.")
    if key_id != right.hex():
        raise Refused(f"The key id in {vkey!r} is that of another key.")
    return Key(vkey, name, right, data[0], data[1:])


def parse_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return a note's text and, for each signature, name, key id and bytes."""
    text, separator, below = note.rpartition("\n\n")
    if not separator or not below.endswith("\n"):
        raise Refused("A signed checkpoint is a text, an empty line and signatures.")
    signatures: list[tuple[str, bytes, bytes]] = []
    for line in below[:-1].split("\n")[:101]:
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        data = _unbase64(encoded)
        if dash != _DASH or not _is_name(name) or len(data) < 5 or len(signatures) == 100:
            raise Refused(f"{line[:100]!r} is not a signature, or there are too many.")
        signatures.append((name, data[:4], data[4:]))
    return text + "\n", signatures


def parse_checkpoint(text: str) -> tuple[str, int, bytes]:
    """Return origin, size and root of a checkpoint's text."""
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or len(_unbase64(lines[2])) != 32:
        raise Refused("A checkpoint has three lines: origin, size and root.")
    return lines[0], _number(lines[1]), _unbase64(lines[2])


def parse_proof(data: bytes) -> Proof:
    """Return the parts of a `c2sp.org/tlog-proof@v1` without extra data."""
    head, _, note = _text(data).partition("\n\n")
    lines = head.split("\n")
    if len(lines) < 2 or lines[0] != "c2sp.org/tlog-proof@v1" or lines[1][:6] != "index ":
        raise Refused("proof.tlog-proof is not a c2sp.org/tlog-proof@v1 with an index.")
    hashes = [_unbase64(line) for line in lines[2:]]
    if len(hashes) > 63 or any(len(item) != 32 for item in hashes):
        raise Refused("The proof has a hash of another length, or too many.")
    text, signatures = parse_note(note)
    return Proof(_number(lines[1][6:]), hashes, text, signatures, *parse_checkpoint(text))


def _number(text: str) -> int:
    if not _DECIMAL.fullmatch(text) or int(text) >= 2**63:
        raise Refused(f"{text[:100]!r} is not a whole number as it should be written.")
    return int(text)


# The bundle: a zip with one right spelling, or a folder.


def write_zip(files: Mapping[str, bytes]) -> bytes:
    """Return the one zip that holds these files: stored, sorted, without times."""
    body, directory = b"", b""
    for name, data in sorted(files.items()):
        if not _NAME.fullmatch(name):
            raise Refused(f"{name[:100]!r} cannot be the name of a file in a bundle.")
        fixed = struct.pack(
            "<HHHHHLLLHH", 10, 0, 0, 0, 0x21, zlib.crc32(data), len(data), len(data), len(name), 0
        )
        directory += b"PK\x01\x02" + struct.pack("<H", 3 << 8 | 10) + fixed
        directory += struct.pack("<HHHLL", 0, 0, 0, 0o100644 << 16, len(body)) + name.encode()
        body += b"PK\x03\x04" + fixed + name.encode() + data
    count = len(files)
    return (
        body
        + directory
        + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)
    )


def read_zip(data: bytes) -> dict[str, bytes]:
    """Return the files in a zip of `write_zip`; any other byte anywhere is refused."""
    files: dict[str, bytes] = {}
    at = 0
    while data[at : at + 4] == b"PK\x03\x04" and at + 30 <= len(data):
        size, length = struct.unpack_from("<L4xH", data, at + 18)
        start = at + 30 + length
        files[data[at + 30 : start].decode("ascii", "replace")] = data[start : start + size]
        at = start + size
    if not files or write_zip(files) != data:
        raise Refused("The zip is damaged or was changed: its bytes are not those of its files.")
    return files


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """Return the MANIFEST of these files, as `sha256sum` writes it."""
    return "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n"
        for name, data in sorted(files.items())
        if name != "MANIFEST"
    ).encode()


def policy_of(keys: Sequence[Key]) -> bytes:
    """Return the policy file (c2sp.org/tlog-policy): logs, witnesses, no quorum."""
    logs = [f"log {key.vkey}\n" for key in keys if key.type == 1]
    witnesses = [f"witness {key.name} {key.vkey}\n" for key in keys if key.type == 4]
    return "".join([*logs, *witnesses, "quorum none\n"]).encode()


def openings_of(openings: Mapping[str, tuple[bytes, bytes]]) -> bytes:
    """Return openings.json: one line for each part, with its salt in hex and its value."""
    lines = [
        b'"%s":{"salt":"%s","value":%s}' % (part.encode(), salt.hex().encode(), value)
        for part, (salt, value) in sorted(openings.items())
    ]
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


# The checks. Each returns what it found, or raises Refused.


def good(sentence: str) -> Check:
    return Check("good", sentence)


def left_open(sentence: str) -> Check:
    return Check("open", sentence)


class Bundle(NamedTuple):
    """What is checked: the files, and what the auditor brings along."""

    files: Mapping[str, bytes]
    given: Sequence[str] = ()  # verifier keys
    kept: bytes | None = None  # a signed checkpoint
    answer: bytes | None = None  # a proof of consistency

    def file(self, name: str) -> bytes:
        """Return a file that must be there."""
        if name not in self.files:
            raise Refused(f"{name} is missing.")
        return self.files[name]

    def record(self) -> dict[str, Any]:
        """Return the record, whose form is right."""
        record = parse_json(self.file("record.json"))
        places = COMMITMENTS.get(str(_get(record, "format")))
        if places is None:
            raise Refused(f"The record's format, {record['format']!r}, is unknown.")
        for path in places.values():
            value = _get(record, *path)
            if value is not None and not (isinstance(value, str) and _HEX.fullmatch(value)):
                raise Refused(f"{'.'.join(path)} in the record is not a commitment.")
        if not _UUID.fullmatch(str(_get(record, "id"))):
            raise Refused("The record has no id.")
        result: dict[str, Any] = record
        return result

    def proof(self) -> Proof:
        """Return the proof, which is not checked by this."""
        return parse_proof(self.file("proof.tlog-proof"))

    def keys(self) -> list[Key]:
        """Return the keys to believe: the auditor's, or those that came with the bundle."""
        lines = _text(self.file("policy"))[:-1].split("\n")
        keys = [parse_key(line.rpartition(" ")[2]) for line in lines if line != "quorum none"]
        logs = "".join(f"{key.vkey}\n" for key in keys if key.type == 1)
        if policy_of(keys) != self.file("policy") or logs.encode() != self.file("log.vkey"):
            raise Refused("log.vkey and policy do not name the same keys, one on each line.")
        return [parse_key(vkey) for vkey in self.given] or keys


def manifest(bundle: Bundle) -> Iterator[Check]:
    """Check that the files are those that were packed."""
    for name in NEEDED:
        bundle.file(name)
    actual, listed = manifest_of(bundle.files), bundle.file("MANIFEST")
    if actual != listed or not all(map(_NAME.fullmatch, bundle.files)):
        lines = {*actual.decode("utf-8", "replace").split("\n")}
        lines ^= {*listed.decode("utf-8", "replace").split("\n")}
        names = ", ".join(sorted({line[66:] for line in lines})) or "its order"
        raise Refused(f"MANIFEST does not list the files as they are. Look at: {names}.")
    digest = hashlib.sha256(listed).hexdigest()
    yield good(f"The bundle holds the {len(bundle.files) - 1} files of MANIFEST, sha256 {digest}.")


def record(bundle: Bundle) -> Iterator[Check]:
    """Check that the record is one, in its one right spelling."""
    value, digest = bundle.record(), hashlib.sha256(bundle.file("record.json")).hexdigest()
    yield good(f"record.json is the {value['format']} {value['id']}, sha256 {digest}.")
    told = value.get("tablet_answer")
    if told is not None:
        is_same = _get(told, "category") == _get(value, "category") and (
            _get(told, "model_sha256") != _get(value, "model_sha256")
            or _get(told, "score") == _get(value, "score")
        )
        is_judged = _get(told, "agreement") == ("same" if is_same else "differs")
        if not is_judged or not (is_same or _get(value, "needs_review") is True):
            raise Refused("The record misjudges the answer of a tablet that stands in it.")
        was = "the same" if is_same else "another, so a person was asked"
        yield good(f"A tablet had answered before: its answer was {was}.")


def proof(bundle: Bundle) -> Iterator[Check]:
    """Check that the record is in the tree of the checkpoint."""
    proof, leaf = bundle.proof(), leaf_hash(bundle.file("record.json"))
    check_inclusion(leaf, proof.leaf, proof.size, proof.hashes, proof.root)
    yield good(
        f"The record, leaf hash {leaf.hex()}, is number {proof.leaf} of the {proof.size} "
        f"entries under the checkpoint of the log {proof.origin}."
    )


def signature(bundle: Bundle) -> Iterator[Check]:
    """Check who signed the checkpoint."""
    proof, keys = bundle.proof(), bundle.keys()
    logs, witnesses = check_signatures(proof.text, proof.signatures, keys)
    if proof.origin not in [key.name for key in logs]:
        raise Refused(f"No known key of the log {proof.origin} signed the checkpoint.")
    for key in logs:
        yield good(f"The checkpoint is signed by the key {key.vkey}.")
    for name, seconds in witnesses:
        at = datetime(1970, 1, 1) + timedelta(seconds=min(seconds, 2**37))
        yield good(f"The witness {name} saw this checkpoint at {at} UTC.")
    if not bundle.given:
        yield left_open(
            "That key came with the bundle, so all this proves only that the bundle agrees with "
            "itself. Get the key from elsewhere, for example from the notice that was printed "
            "when the log began, and say it with --key."
        )


def commitments(bundle: Bundle) -> Iterator[Check]:
    """Check that what stands in openings.json is what the record commits to."""
    value = bundle.record()
    openings = parse_openings(bundle.file("openings.json")) if _has(bundle, "openings") else {}
    for part, path in COMMITMENTS[value["format"]].items():
        committed = _get(value, *path)
        if part in openings:
            if hashlib.sha256(b"".join(openings.pop(part))).hexdigest() != committed:
                raise Refused(f"The {part} in openings.json is not the one of the record.")
            yield good(f"The {part} in openings.json is the one that was recorded.")
        elif committed is not None:
            yield left_open(
                f"The {part} is not in the bundle: it was erased or left out. The record holds "
                "only a commitment to it."
            )
    if openings:
        raise Refused("openings.json opens what the record does not have.")


def card(bundle: Bundle) -> Iterator[Check]:
    """Check that the model card is that of the model that answered."""
    if _has(bundle, "card"):
        found = parse_card(bundle)
        yield good(f"card.json describes the model that answered, sha256 {found.model}.")
        yield good(f"It was trained on the dataset of the record, sha256 {found.dataset}.")
    elif bundle.record().get("model_sha256"):
        yield left_open("There is no model card in the bundle.")


def lock(bundle: Bundle) -> Iterator[Check]:
    """Check that dvc.lock names the card, the model and the dataset."""
    if "dvc.lock" not in bundle.files:
        if _has(bundle, "card"):
            yield left_open("There is no dvc.lock in the bundle.")
        return
    found, data = parse_card(bundle), bundle.file("card.json")
    made, read = lock_lines(bundle.file("dvc.lock"))
    try:
        md5 = hashlib.new("md5", data).hexdigest()
    except ValueError:  # switched off where FIPS 140 is enforced
        yield left_open("This Python has no MD5, which DVC uses, so dvc.lock was not checked.")
        return
    cards = [fact for path, fact in made if path.rpartition("/")[2] == "card.json"]
    if (md5, len(data)) not in cards:
        raise Refused("dvc.lock does not name this card.json.")
    if found.size not in [fact[1] for path, fact in made if path.endswith("/" + found.path)]:
        raise Refused(f"dvc.lock does not name a {found.path} of {found.size} bytes.")
    datasets = {fact for path, fact in made + read if path == found.dataset_path}
    if len(datasets) != 1:
        raise Refused(f"dvc.lock does not name one dataset {found.dataset_path}.")
    ((digest, size),) = datasets
    yield good(f"dvc.lock names this card.json by its md5, {md5}, and {found.path} by its size.")
    yield good(f"dvc.lock names the dataset {found.dataset_path}: md5 {digest}, {size} bytes.")


def checkpoint(bundle: Bundle) -> Iterator[Check]:
    """Check that a checkpoint that the auditor kept is of the same log."""
    if bundle.kept is None:
        return
    proof = bundle.proof()
    text, signatures = parse_note(_text(bundle.kept))
    origin, size, root = parse_checkpoint(text)
    logs, _ = check_signatures(text, signatures, bundle.keys())
    if origin != proof.origin or origin not in [key.name for key in logs]:
        raise Refused("The checkpoint you kept is of another log, or no known key signed it.")
    (old, old_root), (new, new_root) = sorted([(size, root), (proof.size, proof.root)])
    if old < new and bundle.answer is None:
        yield left_open(
            f"The checkpoint you kept is of {size} entries, that of the bundle of {proof.size}. "
            f"Ask the log for /api/v1/ledger/consistency?from={old}&to={new} and say the file "
            "of its answer with --consistency."
        )
        return
    hashes = consistency_hashes(bundle.answer or b"", old, new) if old < new else []
    check_consistency(old, new, old_root, new_root, hashes)
    yield good(f"The checkpoint you kept, of {size} entries, is of the same unbroken log.")


CHECKS = (manifest, record, proof, signature, commitments, card, lock, checkpoint)


def verify(
    bundle: bytes | Path,
    keys: Sequence[str] = (),
    kept: bytes | None = None,
    consistency: bytes | None = None,
) -> list[Check]:
    """Check a bundle: the bytes of a zip, or the path of a zip or a folder."""
    try:
        if isinstance(bundle, bytes):
            files = read_zip(bundle)
        elif bundle.is_dir():
            files = {path.name: path.read_bytes() for path in bundle.iterdir()}
        else:
            files = read_zip(bundle.read_bytes())
    except (Refused, OSError) as error:
        return [Check("bad", f"The bundle cannot be read. {error}")]
    found: list[Check] = []
    for check in CHECKS:
        try:
            found += check(Bundle(files, keys, kept, consistency))
        except Refused as error:
            found.append(Check("bad", f"{check.__name__}: {error}"))
    return found


def check_signatures(
    text: str, signatures: Sequence[tuple[str, bytes, bytes]], keys: Sequence[Key]
) -> tuple[list[Key], list[tuple[str, int]]]:
    """Return the log's keys that signed, and the witnesses with the second they saw it.

    A wrong signature of a known key is refused, whoever else signed.
    """
    logs: list[Key] = []
    witnesses: list[tuple[str, int]] = []
    for name, key_id, data in signatures:
        for key in keys:
            if (key.name, key.key_id) != (name, key_id):
                continue
            if key.type == 1:
                right = verify_ed25519(key.public, data, text.encode())
                logs.append(key)
            else:
                seconds = int.from_bytes(data[:8], "big")
                message = f"cosignature/v1\ntime {seconds}\n{text}"
                right = verify_ed25519(key.public, data[8:], message.encode())
                witnesses.append((name, seconds))
            if not right:
                raise Refused(f"The signature of {name} under the checkpoint is wrong.")
    return logs, witnesses


def parse_openings(data: bytes) -> dict[str, tuple[bytes, bytes]]:
    """Return salt and canonical value of each part in openings.json."""
    openings: dict[str, tuple[bytes, bytes]] = {}
    for line in data.split(b"\n")[1:-2]:
        found = re.fullmatch(rb'"([a-z]+)":\{"salt":"([0-9a-f]{64})","value":(.*)\},?', line)
        if found:
            parse_json(found[3])
            openings[found[1].decode()] = bytes.fromhex(found[2].decode()), found[3]
    if openings_of(openings) != data:
        raise Refused("openings.json is not spelled as it should be.")
    return openings


def parse_card(bundle: Bundle) -> Card:
    """Return what the card says of the model in the record; both must name one dataset."""
    value = bundle.record()
    model, dataset = _get(value, "model_sha256"), _get(value, "dataset_sha256")
    card = _loose_json(bundle.file("card.json"))
    files = _get(card, "files")
    for file in files.values() if isinstance(files, dict) else ():
        if model is not None and _get(file, "sha256") == model:
            if _get(card, "dataset", "sha256") != dataset:
                raise Refused("card.json and the record name different datasets.")
            # A model that no pipeline trained has a card without a path.
            path = str(_get(card, "dataset").get("path", "of the card"))
            return Card(str(_get(file, "path")), model, _get(file, "bytes"), path, dataset)
    raise Refused(f"card.json does not speak of the model that answered, {model}.")


def consistency_hashes(answer: bytes, old: int, new: int) -> list[bytes]:
    """Return the hashes in an answer of /api/v1/ledger/consistency for these two sizes."""
    value = _loose_json(answer)
    if (_get(value, "from"), _get(value, "to")) != (old, new):
        raise Refused(f"The proof of consistency is not one from {old} to {new} entries.")
    hashes = _get(value, "proof")
    if not isinstance(hashes, list) or not all(isinstance(item, str) for item in hashes):
        raise Refused("The proof of consistency holds no hashes.")
    return [_unbase64(item) for item in hashes]


def lock_lines(data: bytes) -> tuple[Facts, Facts]:
    """Return path, md5 and size of what dvc.lock says was made and was read."""
    made: Facts = []
    read: Facts = []
    section = path = md5 = ""
    for line in data.decode("utf-8", "replace").split("\n"):
        word, _, rest = line.strip().partition(": ")
        if re.fullmatch(r"    \w+:", line):
            section = word
        elif line.startswith("    - path: "):
            path, md5 = rest, ""
        elif line.startswith("      md5: "):
            md5 = rest
        elif line.startswith("      size: ") and re.fullmatch("[0-9]{1,18}", rest):
            {"outs:": made, "deps:": read}.get(section, []).append((path, (md5, int(rest))))
    return made, read


def _has(bundle: Bundle, name: str) -> bool:
    return f"{name}.json" in bundle.files


def _loose_json(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused("A file that should be JSON is not.") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a sentence for each check. Return 0 if none is wrong."""
    parser = argparse.ArgumentParser(description="Check a Shelfmark proof bundle.")
    add = parser.add_argument
    here = Path(__file__).resolve().parent
    add("bundle", nargs="?", type=Path, default=here, help="the zip, or the folder it was in")
    add("--key", action="append", default=[], help="a key of the log that you got elsewhere")
    add("--checkpoint", type=Path, help="a signed checkpoint of the log that you kept earlier")
    add("--consistency", type=Path, help="the log's proof that one checkpoint continues another")
    add("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    try:
        kept = options.checkpoint.read_bytes() if options.checkpoint else None
        consistency = options.consistency.read_bytes() if options.consistency else None
    except OSError as error:
        parser.error(str(error))
    checks = verify(options.bundle, options.key, kept, consistency)
    right = all(check.status != "bad" for check in checks)
    if options.json:
        print(json.dumps({"good": right, "checks": [check._asdict() for check in checks]}))
        return 0 if right else 1
    words = {"good": "right", "bad": "WRONG", "open": "note "}
    lines = [f"{words[check.status]}  {check.sentence}" for check in checks]
    lines.append("Everything that could be checked is right." if right else "This is NOT good.")
    for line in lines:
        # Nothing that a bundle says may command the terminal, or be more than it can show.
        shown = "".join(item if item.isprintable() else "?" for item in line)
        encoding = sys.stdout.encoding or "ascii"
        print(shown.encode(encoding, "replace").decode(encoding))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
