"""A log in memory and bundles from it, for the tests of bundles and of their verifier."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5, sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import note, tree
from ledger.bundle import Bundle, files_of
from ledger.bundle.verify import canonical, manifest_of

SALT = bytes(range(32))
INPUT = '{"name":"Bohrer Ø 5 mm","price":"12.90","width_mm":5}'.encode()
PERSON = b'{"user":3}'
DEVICE = b'"tablet-7"'
MODEL, DATASET = "a" * 64, "b" * 64
DATASET_PATH = "data/prepared/products.csv"
CARD = json.dumps(
    {
        "dataset": {"path": DATASET_PATH, "sha256": DATASET},
        "files": {"model": {"bytes": 1467791, "path": "model.safetensors", "sha256": MODEL}},
        "format": "shelfmark-card/1",
    },
    indent=1,
).encode()
LOCK = f"""schema: '2.0'
stages:
  train:
    cmd: python -m categorizer.stages.train
    deps:
    - path: {DATASET_PATH}
      hash: md5
      md5: ae79fd1958b973ff9d60b7d37fd71df2
      size: 1054087
    params:
      params.yaml:
        train:
          epochs: 10
    outs:
    - path: data/model/model.safetensors
      hash: md5
      md5: 582c4235e257ef31408a31a69c59a531
      size: 1467791
  card:
    cmd: python -m categorizer.stages.card
    outs:
    - path: data/model/card.json
      hash: md5
      md5: {md5(CARD).hexdigest()}
      size: {len(CARD)}
""".encode()


@dataclass(frozen=True)
class Signer:
    """A key with a name, of a log (1) or of a witness (4)."""

    name: str
    type: int
    key: Ed25519PrivateKey

    @property
    def verifier(self) -> note.Verifier:
        return note.Verifier(self.name, self.type, self.key.public_key().public_bytes_raw())

    def line(self, text: str, time: int = 1_790_000_000) -> str:
        if self.type == 1:
            signature = self.key.sign(text.encode())
        else:
            signature = note.cosignature(time, self.key.sign(note.cosignature_message(time, text)))
        return note.sign(text, name=self.name, key_id=self.verifier.key_id, signature=signature)


def signer(seed: int, name: str = "log.example/shelf", type: int = 1) -> Signer:
    return Signer(name, type, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


LOG = signer(7)


def commitment(value: bytes) -> str:
    return sha256(SALT + value).hexdigest()


def receipt(**changes: object) -> bytes:
    record: dict[str, object] = {
        "asked_by": {
            "device_commitment": commitment(DEVICE),
            "device_time": "2026-11-20T08:15:00.000000Z",
            "person_commitment": commitment(PERSON),
            "token": "0c9f1a2b",
        },
        "dataset_sha256": DATASET,
        "format": "shelfmark-receipt/2",
        "id": "01a1fa6d-0532-7bbb-b08b-c66dac1f525f",
        "input_commitment": commitment(INPUT),
        "model_sha256": MODEL,
    }
    return canonical({**record, **changes})


class Log:
    """A log of `size` entries in which `record` is number `index`."""

    def __init__(self, record: bytes, size: int = 1_000, index: int = 700) -> None:
        self.index = index
        leaves = [tree.leaf_hash(b"%d" % number) for number in range(size)]
        leaves[index] = tree.leaf_hash(record)
        self.levels = [leaves]
        for level, _, item in tree.new_nodes(0, leaves, self.read):
            while len(self.levels) <= level:
                self.levels.append([])
            self.levels[level].append(item)

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        return self.levels[level][start:stop]

    def checkpoint(self, size: int, signers: Sequence[Signer] = (LOG,)) -> str:
        text = note.checkpoint_text(LOG.name, size, tree.root(size, self.read))
        return note.signed(text, [one.line(text) for one in signers])

    def proof(self, size: int = 1_000, signers: Sequence[Signer] = (LOG,)) -> str:
        hashes = tree.inclusion_proof(self.index, size, self.read)
        return note.proof_text(self.index, hashes, self.checkpoint(size, signers))


def bundle(record: bytes = receipt(), **changes: Any) -> Bundle:
    parts: dict[str, Any] = {
        "record": record,
        "proof": Log(record).proof(),
        "vkeys": [LOG.verifier.vkey],
        "origin": LOG.name,
        "openings": {
            "device": (SALT, DEVICE), "input": (SALT, INPUT), "person": (SALT, PERSON)
        },
        "card": CARD,
        "dvc_lock": LOCK,
    }  # fmt: skip
    return Bundle(**{**parts, **changes})


def packed(changes: Mapping[str, bytes | None], of: Bundle | None = None) -> dict[str, bytes]:
    """Return the files of a bundle with some changed or taken out, and a MANIFEST that fits."""
    files = files_of(of or bundle())
    for name, data in changes.items():
        if data is None:
            del files[name]
        else:
            files[name] = data
    return {**files, "MANIFEST": manifest_of(files)}
