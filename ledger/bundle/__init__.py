"""Proof bundles: what a stranger needs to check one record of the ledger without us.

`docs/ledger-format.md` describes them. A bundle is a zip with one right spelling; the program
that checks it, `verify.py`, is copied into it and is also what spells it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ledger.bundle import verify
from ledger.note import parse_checkpoint, parse_note, parse_proof

_HERE = Path(__file__).parent
_PROGRAMS = ("VERIFY.md", "verify.py", "verify.sh")


class CannotBundle(ValueError):
    """The parts do not make a bundle that verifies. This is a mistake of the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The parts of a bundle.

    Args:
        record: the canonical bytes of a receipt or an entry, as they were sealed.
        proof: its proof of inclusion, a c2sp.org/tlog-proof@v1.
        vkeys: verifier keys of the log (type 1) and of its witnesses (type 4).
        origin: the log's origin, which is also the name of its keys.
        openings: salt and canonical value of each commitment that may be opened: "input",
            "person" and "device" of a receipt, "actor" and "details" of an entry.
        card: the bytes of the model card; none where no model answered.
        dvc_lock: the text of the dvc.lock that names the card and the dataset.
        extra: further files by name, covered by MANIFEST and otherwise not looked at.
    """

    record: bytes
    proof: str
    vkeys: Sequence[str]
    origin: str
    openings: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict)
    card: bytes | None = None
    dvc_lock: bytes | None = None
    extra: Mapping[str, bytes] = field(default_factory=dict)


def files_of(bundle: Bundle) -> dict[str, bytes]:
    """Return the files of a bundle by name.

    Raises:
        CannotBundle: the bundle would be refused by its own verifier.
    """
    try:
        keys = [verify.parse_key(vkey) for vkey in bundle.vkeys]
    except verify.Refused as error:
        raise CannotBundle(str(error)) from error
    files = {name: (_HERE / name).read_bytes() for name in _PROGRAMS}
    files |= {
        "record.json": bundle.record,
        "proof.tlog-proof": bundle.proof.encode(),
        "log.vkey": "".join(f"{key.vkey}\n" for key in keys if key.type == 1).encode(),
        "policy": verify.policy_of(keys),
    }
    if bundle.openings:
        files["openings.json"] = verify.openings_of(bundle.openings)
    if bundle.card is not None:
        files["card.json"] = bundle.card
    if bundle.dvc_lock is not None:
        files["dvc.lock"] = bundle.dvc_lock
    if taken := files.keys() & bundle.extra.keys() | {"MANIFEST"} & bundle.extra.keys():
        raise CannotBundle(f"A bundle has a {sorted(taken)[0]} of its own.")
    files |= bundle.extra
    files["MANIFEST"] = verify.manifest_of(files)
    return files


def build(bundle: Bundle) -> bytes:
    """Return the zip. Equal parts give equal bytes.

    Raises:
        CannotBundle: the bundle would be refused by its own verifier. It is better not to hand
            out a bundle than one that accuses the log of what the export did wrong.
    """
    files = files_of(bundle)
    try:
        data = verify.write_zip(files)
    except verify.Refused as error:
        raise CannotBundle(str(error)) from error
    if wrong := [check.sentence for check in verify.verify(data) if check.status == "bad"]:
        raise CannotBundle(" ".join(wrong))
    head = parse_checkpoint(parse_note(parse_proof(bundle.proof).checkpoint).text)
    if head.origin != bundle.origin:
        raise CannotBundle(f"The checkpoint is of the log {head.origin}, not {bundle.origin}.")
    return data
