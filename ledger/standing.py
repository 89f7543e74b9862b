"""What the log knows of an entry, proved anew each time somebody looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from ledger import keys, log, note, openings, tree
from ledger.models import Checkpoint, Entry, Erasure, LogKey
from ledger.openings import Opened


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry's place in the tree and what a proof of it says. Unsealed, it has no place yet."""

    sentence: str
    # None: there is nothing to prove yet.
    holds: bool | None
    index: int | None = None
    leaf_hash: str | None = None
    proof_length: int | None = None
    checkpoint: Checkpoint | None = None
    signed_by: str | None = None


def standing(entry: Entry) -> Standing:
    """Prove from an entry's bytes to the latest checkpoint, as it was signed, that it is there."""
    try:
        place = log.place_of(entry)
    except log.NotSealedYet as error:
        return Standing(str(error), holds=None)
    except tree.MissingHash as error:
        return Standing(f"The log is damaged, so nothing can be proved: {error}", holds=False)
    found = tree.leaf_hash(entry.content())
    signed_by = None
    try:
        head, signed_by = _head(place.checkpoint)
        tree.check_inclusion(found, place.index, head.size, place.proof, head.root)
    except (note.WrongNote, tree.WrongProof) as error:
        sentence, holds = f"The proof does not hold: {error}", False
    else:
        sentence, holds = "The proof leads from these bytes to the signed checkpoint.", True
    return Standing(
        sentence=sentence,
        holds=holds,
        index=place.index,
        leaf_hash=place.leaf_hash.hex(),
        proof_length=len(place.proof),
        checkpoint=place.checkpoint,
        signed_by=signed_by,
    )


@dataclass(frozen=True, slots=True)
class KeptApart:
    """What opens the commitments of an entry, by part, and why the rest is missing."""

    opened: Mapping[str, Opened]
    erasures: Sequence[Erasure]


def kept_apart(entry: Entry) -> KeptApart:
    """Return what is left of what an entry only commits to."""
    erasures = list(
        Erasure.objects.filter(Q(entry=entry.uuid) | Q(about=entry.actor_id)).order_by("pk")
    )
    return KeptApart(openings.opened(entry.uuid), erasures)


def _head(checkpoint: Checkpoint) -> tuple[note.TreeHead, str]:
    """Return what a checkpoint says and who signed it. Raise WrongNote if nobody known did."""
    parsed = note.parse_note(checkpoint.note)
    known = [note.Verifier.parse(vkey) for vkey in LogKey.objects.values_list("vkey", flat=True)]
    (signer, *_) = note.check_note(parsed, known, keys.verify_ed25519)
    return note.parse_checkpoint(parsed.text), signer
