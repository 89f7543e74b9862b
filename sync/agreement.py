"""Whether the rows of changes say what their entries in the log say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef

from ledger.models import Entry, Pruning
from ledger.ranges import Fault, Stored
from predictions.receipts import moment
from sync.models import Change


def check_changes(rows: Sequence[tuple[Stored, dict[str, Any]]]) -> Iterator[Fault]:
    """Compare the rows of changes with their entries."""
    found = Change.objects.in_bulk([row.uuid for row, _ in rows])
    for row, entry in rows:
        change = found.get(row.uuid)
        if change is None:
            yield Fault(row.index, f"Change {row.uuid} is gone; its entry is still here.")
        elif _as_stored(change) != _as_told(row, entry):
            yield Fault(row.index, f"Change {row.uuid} does not say what its entry says.")


def _as_stored(change: Change) -> tuple[object, ...]:
    about = f"product:{change.product_id}" if change.product_id else f"change:{change.pk}"
    return (
        f"change.{change.status}", about, moment(change.received_at), change.person_id,
        change.kind, change.code or None, change.seq, change.base_version,
        _text(change.product_uuid), _text(change.prediction_id), _text(change.resolves_id),
        moment(change.made_at), change.skew_ms, change.build, change.result,
    )  # fmt: skip


def _as_told(row: Stored, entry: dict[str, Any]) -> tuple[object, ...]:
    told = entry["details"]
    return (
        entry["kind"], entry["subject"], entry["at"], row.actor_id,
        told["change"], told["code"], told["seq"], told["base_version"],
        told["product_uuid"], told["prediction"], told["resolves"], told["made_at"],
        told["skew_ms"], told["build"],
        {name: told[name] for name in ("rebased", "agreement", "contested")},
    )  # fmt: skip


def _text(key: object) -> str | None:
    return None if key is None else str(key)


def without_entry() -> Iterator[str]:
    """Name the first changes whose entries are not there."""
    alone = Change.objects.exclude(Exists(Entry.objects.filter(uuid=OuterRef("pk"))))
    # Entries that were pruned are not missing.
    since = Pruning.objects.order_by("-up_to_index").values_list("before", flat=True).first()
    if since is not None:
        alone = alone.filter(received_at__gte=since)
    for key in alone.order_by("received_at", "pk").values_list("pk", flat=True)[:10]:
        yield f"Change {key} has no entry in the log."
