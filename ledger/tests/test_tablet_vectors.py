"""The tablet's own checks are tested with what this program signs and proves.

`python manage.py shell -c "from ledger.tests.test_tablet_vectors import *; write()"` writes the
file anew.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import note, tree
from ledger.actions import rotating

FILE = Path(__file__).resolve().parents[2] / "frontend" / "src" / "offline" / "vectors" / "log.json"
ORIGIN = "shelfmark.example/log"
WITNESS = "auditor.example/witness"
SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 64, 100, 256, 257, 300]
AT = 1_790_000_000


class Signer:
    """A key that is the same in every run."""

    def __init__(self, seed: int, name: str = ORIGIN, type: int = note.ED25519) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        public = self._private.public_key().public_bytes_raw()
        self.verifier = note.Verifier(name, type, public)

    def line(self, text: str) -> str:
        verifier = self.verifier
        if verifier.type == note.COSIGNATURE:
            message = note.cosignature_message(AT, text)
            signature = note.cosignature(AT, self._private.sign(message))
        else:
            signature = self._private.sign(text.encode())
        return note.sign(text, name=verifier.name, key_id=verifier.key_id, signature=signature)


def leaves(*, changed: int | None = None) -> list[bytes]:
    """Return the hashes of a log, or of one where a single entry was changed later."""
    words = [f"entry {number}" for number in range(max(SIZES))]
    if changed is not None:
        words[changed] = "another entry"
    return [tree.leaf_hash(word.encode()) for word in words]


def statement(hashes: Sequence[bytes], size: int, *signers: Signer) -> str:
    text = note.checkpoint_text(ORIGIN, size, tree.root_of(hashes[:size]))
    return note.signed(text, [signer.line(text) for signer in signers])


def rotation(old: Signer, new: Signer, *, signers: Sequence[Signer]) -> str:
    text = rotating.statement(old_vkey=old.verifier.vkey, new_vkey=new.verifier.vkey)
    return note.signed(text, [signer.line(text) for signer in signers])


def proofs(hashes: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    def read(level: int, start: int, stop: int) -> Sequence[bytes]:
        width = 256**level
        starts = range(start * width, stop * width, width)
        return [tree.root_of(hashes[first : first + width]) for first in starts]

    for new in SIZES:
        for old in SIZES:
            if old <= new:
                proof = tree.consistency_proof(old, new, read)
                shown = [b64encode(item).decode() for item in proof]
                yield {"from": old, "to": new, "proof": shown}


def vectors() -> dict[str, Any]:
    old, new, stranger = Signer(1), Signer(2), Signer(3)
    witness = Signer(4, WITNESS, note.COSIGNATURE)
    log, rewritten = leaves(), leaves(changed=5)
    return {
        "origin": ORIGIN,
        "vkeys": {
            "old": old.verifier.vkey,
            "new": new.verifier.vkey,
            "stranger": stranger.verifier.vkey,
            "witness": witness.verifier.vkey,
        },
        "notes": {size: statement(log, size, old) for size in SIZES},
        "proofs": list(proofs(log)),
        "rewritten": {
            "notes": {size: statement(rewritten, size, old) for size in SIZES},
            "proofs": list(proofs(rewritten)),
        },
        "rotation": rotation(old, new, signers=[new, old]),
        "rotation_without_the_old_key": rotation(old, new, signers=[new]),
        "signed_by_both": statement(log, 257, old, new),
        "new_key_only": statement(log, 300, new),
        "cosigned": statement(log, 300, old, witness),
        "signed_by_a_stranger": statement(log, 300, stranger),
    }


def spelled() -> str:
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


def write() -> None:
    FILE.write_text(spelled(), encoding="utf-8")


def test_the_tablet_is_tested_with_what_this_program_writes() -> None:
    assert FILE.read_text(encoding="utf-8") == spelled()
