"""The vectors in docs/ledger-format.md are what the code computes."""

import base64
import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import note, tree
from ledger.actions.recording import encode_entry
from ledger.bundle.verify import manifest_of, openings_of, write_zip
from ledger.commitments import actor_salt, actor_value, canonical, commitment
from ledger.keys import Key, verify_ed25519
from ledger.tests.bundling import Log

PAGE = (Path(__file__).parents[2] / "docs" / "ledger-format.md").read_text(encoding="utf-8")
SALT = bytes(range(32))
SECRET = bytes(range(32, 64))
ID = UUID("01a1fa6d-0532-7bbb-b08b-c66dac1f525f")
AT = datetime(2026, 11, 20, 8, 15, 1, 500_000, tzinfo=UTC)
KEY = Key("log.example/shelf", Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
WITNESS = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)
PRIVATE = {"reason": "Für Müller bestellt"}


def actor() -> str:
    return commitment(actor_salt(SECRET, ID), actor_value(7))


def entry() -> bytes:
    return encode_entry(
        uuid=ID, kind="product.changed", actor=actor(), subject="product:12", at=AT,
        details={"fields": ["name"], "version": 4}, private=commitment(SALT, canonical(PRIVATE)),
    )  # fmt: skip


def log() -> Log:
    """Return a log of 300 entries, of which number 1 is `entry` and the others are numbers."""
    return Log(entry(), size=300, index=1)


def checkpoint() -> str:
    text = note.checkpoint_text(KEY.name, 5, tree.root(5, log().read))
    signature = KEY.sign(text.encode())
    line = note.sign(text, name=KEY.name, key_id=KEY.key_id, signature=signature)
    return note.signed(text, [line])


def in_page(*parts: str) -> bool:
    """Say whether the page has each part, on lines of its own or between backticks."""
    missing = [part for part in parts if f"`{part}`" not in PAGE and f"\n{part}\n" not in PAGE]
    assert not missing, "\n".join(missing)
    return True


def test_the_commitments_are_those_of_the_page() -> None:
    value = canonical(PRIVATE)
    assert in_page(SALT.hex(), value.decode(), commitment(SALT, value))
    assert sha256(SALT + value).hexdigest() == commitment(SALT, value)
    assert in_page(SECRET.hex(), actor_salt(SECRET, ID).hex(), '{"user":7}', actor())


def test_the_entry_and_its_leaf_are_those_of_the_page() -> None:
    body = entry()
    assert in_page(body.decode(), sha256(body).hexdigest(), tree.leaf_hash(body).hex())
    assert rfc8785.dumps(json.loads(body)) == body


def test_the_tree_is_that_of_the_page() -> None:
    read = log().read
    assert in_page(*(tree.root(size, read).hex() for size in (0, 1, 2, 3, 5, 256, 300)))
    assert in_page(*(one.hex() for one in tree.inclusion_proof(1, 5, read)))
    assert in_page(*(one.hex() for one in tree.consistency_proof(3, 5, read)))
    assert read(1, 0, 1) == [tree.root(256, read)]


def test_the_addresses_of_tiles_are_those_of_the_page() -> None:
    assert in_page(
        tree.tile_path(0, 0, 44), tree.tile_path(0, 1_234_067), tree.tile_path(1, 0, 1),
        tree.tile_path("entries", 1, 44),
    )  # fmt: skip


def test_the_key_and_the_checkpoint_are_those_of_the_page() -> None:
    assert in_page(KEY.text(), KEY.vkey, KEY.key_id.hex(), checkpoint().rstrip("\n"))
    opened = note.parse_note(checkpoint())
    assert note.check_note(opened, [KEY.verifier], verify_ed25519) == [KEY.name]


def test_the_cosignature_is_that_of_the_page() -> None:
    witness = note.Verifier("witness.example/w", 4, WITNESS.public_key().public_bytes_raw())
    text = note.parse_note(checkpoint()).text
    signature = WITNESS.sign(note.cosignature_message(1_790_000_000, text))
    line = note.sign(
        text, name=witness.name, key_id=witness.key_id,
        signature=note.cosignature(1_790_000_000, signature),
    )  # fmt: skip
    message = note.cosignature_message(1_790_000_000, text).decode()
    assert in_page(witness.vkey, message.rstrip("\n"), line.rstrip("\n"))
    opened = note.parse_note(checkpoint() + line)
    assert len(note.check_note(opened, [KEY.verifier, witness], verify_ed25519)) == 2


def test_the_proof_is_that_of_the_page() -> None:
    proof = note.proof_text(1, tree.inclusion_proof(1, 5, log().read), checkpoint())
    assert in_page(proof.rstrip("\n"))
    for one in note.parse_proof(proof).hashes:
        assert base64.b64encode(one).decode() in PAGE


def test_the_files_of_a_bundle_are_those_of_the_page() -> None:
    value = canonical(PRIVATE)
    openings = openings_of(
        {"actor": (actor_salt(SECRET, ID), actor_value(7)), "details": (SALT, value)}
    )
    assert in_page(openings.decode().rstrip("\n"))
    files = {"a.txt": b"a\n", "record.json": b"{}"}
    files["MANIFEST"] = manifest_of(files)
    assert in_page(files["MANIFEST"].decode().rstrip("\n"))
    assert in_page(sha256(write_zip(files)).hexdigest(), str(len(write_zip(files))))
