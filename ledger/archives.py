"""Archives of entries that leave the database: what is in them, and where they begin and end.

An archive is a gzip file of JSON lines, `{"body":…,"index":…}`: the exact text of an entry and its
place in the tree, without what may be erased. A manifest beside it says which leaves it holds, and
carries the checkpoint that covers them.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import file_digest
from pathlib import Path

from django.db.models import Exists, ForeignObjectRel, OuterRef, QuerySet

from ledger import log, note, tree
from ledger.models import Checkpoint, Entry, Leaf, Pruning

FORMAT = "shelfmark-archive/1"
CHUNK = 1000


class CannotPrune(Exception):
    """The message is fit to show to the person who asked."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The leaves from `start` to `checkpoint.size`, all of them sealed before `before`."""

    start: int
    checkpoint: Checkpoint
    before: datetime

    @property
    def stop(self) -> int:
        return self.checkpoint.size

    @property
    def name(self) -> str:
        return f"entries-{self.start:012}-{self.stop:012}.jsonl.gz"


def next_cut(*, before: date) -> Cut | None:
    """Return what is to go next: at most a calendar month, sealed before that day (UTC)."""
    start = Pruning.objects.order_by("-up_to_index").values_list("up_to_index", flat=True).first()
    start = start or 0
    end = _midnight(before)
    waiting = Checkpoint.objects.filter(size__gt=start)
    first = waiting.order_by("size").first()
    if first is None or first.at >= end:
        return None
    next_month = (first.at.astimezone(UTC).replace(day=1) + timedelta(days=32)).replace(day=1)
    limit = min(end, _midnight(next_month.date()))
    last = waiting.filter(at__lt=limit).order_by("-size").first()
    assert last is not None
    return Cut(start, last, limit)


def is_sealed(pruning: Pruning) -> bool:
    """Say whether a checkpoint covers the entry that announced this."""
    entry = Entry.objects.get(uuid=pruning.entry)
    leaf = Leaf.objects.filter(entry_id=entry.pk).first()
    latest = log.latest_checkpoint()
    return leaf is not None and latest is not None and latest.size > leaf.index


def left(*, start: int, stop: int) -> QuerySet[Entry]:
    """Return the entries of these leaves that are still here and that nothing needs here.

    A row may refer to one; and whoever slept through a rotation learns the new key from it.
    """
    leaves = Leaf.objects.filter(index__gte=start, index__lt=stop)
    entries = Entry.objects.filter(pk__in=list(leaves.values_list("entry_id", flat=True)))
    entries = entries.exclude(kind="ledger.key_rotated")
    # Those without a name for the way back are hidden, and count all the same.
    for relation in Entry._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel):
            continue
        refers = relation.related_model._default_manager.filter(
            **{relation.field.name: OuterRef(relation.field.target_field.name)}
        )
        entries = entries.exclude(Exists(refers))
    return entries


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def write(cut: Cut, folder: Path) -> str:
    """Write the archive and its manifest. Return the SHA-256 of the archive, in hex.

    Raise CannotPrune if an entry is not the one that its leaf says, or the tree is not the one
    that was signed: what is damaged is not thrown away.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f".{cut.name}").open("wb") as raw:
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
                for line in _lines(cut):
                    file.write(line)
            raw.flush()
            os.fsync(raw.fileno())
        (folder / f".{cut.name}").rename(folder / cut.name)
        digest = sha256(folder / cut.name)
        with (folder / f"{cut.name}.manifest.json").open("w", encoding="utf-8") as manifest:
            json.dump(_manifest(cut, digest), manifest, indent=2, ensure_ascii=False)
            manifest.flush()
            os.fsync(manifest.fileno())
        _fsync(folder)
    except OSError as error:
        raise CannotPrune(f"The archive cannot be written to {folder}: {error}") from error
    return digest


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _fsync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _manifest(cut: Cut, digest: str) -> dict[str, object]:
    return {
        "format": FORMAT,
        "file": cut.name,
        "sha256": digest,
        "origin": note.parse_checkpoint(note.parse_note(cut.checkpoint.note).text).origin,
        "first_index": cut.start,
        "entries": cut.stop - cut.start,
        "sealed_before": f"{cut.before:%Y-%m-%dT%H:%M:%SZ}",
        "tree_size": cut.stop,
        "root": base64.b64encode(bytes(cut.checkpoint.root)).decode(),
        "checkpoint": cut.checkpoint.cosigned(),
    }


def _lines(cut: Cut) -> Iterator[bytes]:
    if tree.root(cut.stop, log.read) != bytes(cut.checkpoint.root):
        raise CannotPrune(_damaged(f"The tree of {cut.stop} leaves is not the one that was signed"))
    for start in range(cut.start, cut.stop, CHUNK):
        stop = min(start + CHUNK, cut.stop)
        leaves = list(Leaf.objects.filter(index__gte=start, index__lt=stop).order_by("index"))
        entries = Entry.objects.in_bulk([leaf.entry_id for leaf in leaves])
        for index, leaf in zip(range(start, stop), leaves, strict=True):
            entry = entries.get(leaf.entry_id)
            if entry is None or leaf.index != index:
                raise CannotPrune(_damaged(f"The entry of leaf {index} is missing"))
            body = entry.content()
            if tree.leaf_hash(body) != bytes(leaf.hash):
                raise CannotPrune(_damaged(f"The entry of leaf {index} was changed"))
            line = {"body": body.decode(), "index": index}
            yield json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _damaged(what: str) -> str:
    return f"{what}. Nothing was deleted. Type `python manage.py verify_ledger`."
