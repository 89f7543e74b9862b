"""Settling a change: what it does, what is kept of it and its entry are one transaction."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.models import User
from inventory.models import Product
from ledger.actions import record, secret_of
from ledger.models import Entry
from predictions.receipts import moment
from sync.actions import answers, products
from sync.incoming import LARGEST, Invalid, Sent, read_payload
from sync.models import Change
from sync.outcomes import Conflicting, Contested, Done, Held, NotDone, Rejected, Settled, Task

# A clock that is further off is told of in the entry.
MOST_SKEW_MS = 5 * 60 * 1000
# How long to wait for whoever holds a row. On SQLite writers take turns.
_PATIENCE_MS = 4000
# A longer text is told by its digest, as in the entries of products.
_LONGEST = 500
_GONE = "This product is no longer in the catalogue."
_MAY_NOT = "You may not do this. Ask an administrator, then send it again."
_REUSED = "Another change has this id already."
_NOT_YOURS = "Somebody else made this change. Sign in as that person to send it."

_KINDS: Mapping[str, tuple[str | None, Callable[..., Done]]] = {
    Change.Kind.CREATE: ("inventory.add_product", products.create),
    Change.Kind.EDIT: ("inventory.change_product", products.edit),
    Change.Kind.CATEGORIZE: ("inventory.categorize_product", products.put),
    Change.Kind.ACCEPT: ("predictions.review_prediction", answers.review),
    Change.Kind.CORRECT: ("predictions.review_prediction", answers.review),
    Change.Kind.PROVISIONAL: ("predictions.add_prediction", answers.provide),
    Change.Kind.SKIP: ("predictions.review_prediction", answers.pass_over),
    Change.Kind.DISMISS: (None, answers.dismiss),
}
_WITHOUT_PRODUCT = {Change.Kind.CREATE, Change.Kind.SKIP, Change.Kind.DISMISS}


def settle(*, sent: Sent, by: User, now: datetime, request_id: str) -> Settled:
    """Carry out a change, or say why not; what arrives again is answered as it was then.

    Nothing of a change stays that was not carried out, but that it came and what was said to it.
    Of one that has to wait, or that is not this person's, nothing stays at all. Two deliveries at
    the same moment have one effect: the second waits for the first.
    """
    if sent.person != by.pk:
        return _not_kept(sent, Change.Status.REJECTED, "actor_mismatch", _NOT_YOURS)
    with transaction.atomic():
        _claim(sent.id, sent.product_uuid)
        body_sha256 = _digest(sent, by)
        known = Change.objects.filter(pk=sent.id).first()
        if known is not None and known.body_sha256 == body_sha256:
            return Settled(
                sent.id, "duplicate", change=known, products=_products(sent, known.product_id)
            )
        if known is not None or Entry.objects.filter(uuid=sent.id).exists():
            return _not_kept(sent, Change.Status.REJECTED, "id_reuse", _REUSED)
        task: Task | None = None
        done: Done | NotDone
        try:
            with transaction.atomic():
                task = _task(sent, by, now, request_id)
                done = _KINDS[sent.kind][1](task=task)
        except Held as why:
            return _not_kept(sent, "deferred", "held", str(why))
        except Invalid as why:
            done = Rejected("invalid", str(why))
        except NotDone as why:
            done = why
        return _keep(sent, task, done, body_sha256, by, now)


def _task(sent: Sent, by: User, now: datetime, request_id: str) -> Task:
    """Return what is to be done. Raise Invalid, NotDone or Held."""
    permission = _KINDS[sent.kind][0]
    if permission is not None and not by.has_perm(permission):
        raise Rejected("permission_denied", _MAY_NOT)
    payload = read_payload(sent)
    return Task(
        sent=sent,
        payload=payload,
        resolves=_resolved(sent, by),
        product=_product(sent),
        by=by,
        now=now,
        request_id=request_id,
    )


def _resolved(sent: Sent, by: User) -> Change | None:
    if sent.resolves is None:
        return None
    found = Change.objects.filter(pk=sent.resolves, person=by).exclude(status=Change.Status.APPLIED)
    if (change := found.first()) is None:
        raise Invalid("resolves: This is no change of yours that waits for a decision.")
    return change


def _product(sent: Sent) -> Product | None:
    """Return the product that a change is about, locked until the change is settled."""
    if sent.kind in _WITHOUT_PRODUCT:
        return None
    if sent.product is None:
        raise Invalid("product: Say which product this is about.")
    number = sent.product_id
    if number is None:
        number = made_as(uuid=sent.product_uuid)
        if number is None:
            raise Held("The product that this is about has not been made here yet.")
    product = (
        Product.objects.select_related("category")
        .select_for_update(of=("self",))
        .filter(pk=number, deleted_at=None)
        .first()
    )
    if product is None:
        raise Rejected("gone", _GONE)
    return product


def made_as(*, uuid: UUID | None) -> int | None:
    """Return the number of the product that a tablet called this, None if it was not made."""
    made = Change.objects.filter(
        product_uuid=uuid, kind=Change.Kind.CREATE, status=Change.Status.APPLIED
    )
    return made.values_list("product", flat=True).first() if uuid is not None else None


def _claim(*names: UUID | None) -> None:
    """Let no other delivery do anything with these names until the transaction ends."""
    if connection.vendor != "postgresql":
        return  # whoever writes is alone
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(_PATIENCE_MS)])
        for name in names:
            if name is not None:
                number = int.from_bytes(hashlib.sha256(name.bytes).digest()[:8], "big", signed=True)
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _digest(sent: Sent, by: User) -> str:
    # Made with the person's secret: once that is erased, nobody can try out what a note said.
    return hmac.digest(secret_of(by.pk), sent.body(), "sha256").hex()


def _not_kept(sent: Sent, status: str, code: str, sentence: str) -> Settled:
    return Settled(sent.id, status, code, sentence, products=_products(sent, None))


def _products(sent: Sent, number: int | None) -> frozenset[str]:
    names = [sent.product, None if number is None else f"id:{number}"]
    return frozenset(name for name in names if name is not None)


def _keep(
    sent: Sent, task: Task | None, done: Done | NotDone, body_sha256: str, by: User, now: datetime
) -> Settled:
    """Write the entry of a change and what is kept of it."""
    product = done.product if isinstance(done, Done) else task.product if task else None
    number = product.pk if product else None
    if number is None and sent.product_id is not None:
        # Gone, or never looked at; a number that was never a product's names nothing.
        known = Product.objects.filter(pk=sent.product_id).values_list("pk", flat=True)
        number = known.first()
    change = Change(
        id=sent.id,
        kind=sent.kind,
        person=by,
        device=sent.device,
        seq=sent.seq,
        body_sha256=body_sha256,
        status=Change.Status.APPLIED if isinstance(done, Done) else done.status,
        code="" if isinstance(done, Done) else done.code,
        result=_result(done),
        product_id=number,
        product_uuid=sent.product_uuid,
        prediction_id=done.prediction if isinstance(done, Done) else None,
        base_version=sent.base_version,
        resolves_id=task.resolves.pk if task and task.resolves else None,
        made_at=sent.made_at,
        received_at=now,
        skew_ms=int((sent.sent_at - now).total_seconds() * 1000),
        build=sent.build,
    )
    _record(change, sent, task, done)
    change.save(force_insert=True)
    return Settled(
        sent.id,
        change.status,
        change.code or None,
        None if isinstance(done, Done) else str(done),
        change,
        () if isinstance(done, Done) else done.contested,
        _products(sent, number),
    )


def _result(done: Done | NotDone) -> dict[str, object]:
    """Return what is told again. What people wrote is not in it: that can be erased."""
    if isinstance(done, Done):
        return {"rebased": done.rebased, "agreement": done.agreement, "contested": []}
    contested = [one.what for one in done.contested]
    return {"rebased": False, "agreement": None, "contested": contested}


def _record(change: Change, sent: Sent, task: Task | None, done: Done | NotDone) -> None:
    private: dict[str, object] = {"device": str(change.device)}
    if isinstance(done, NotDone):
        private["detail"] = str(done)
        if task is not None:
            private["asked"] = clipped(value=task.payload)
        if isinstance(done, Conflicting):
            private["contested"] = [_told(one) for one in done.contested]
    details = dict(done.details) if isinstance(done, Done) else {}
    record(
        f"change.{change.status}",
        actor=change.person_id,
        subject=f"product:{change.product_id}" if change.product_id else f"change:{change.pk}",
        now=change.received_at,
        uuid=change.pk,
        private=private,
        about=change.person_id,
        change=change.kind,
        code=change.code or None,
        seq=change.seq,
        base_version=change.base_version,
        version=done.product.version if isinstance(done, Done) and done.product else None,
        product_uuid=_text(change.product_uuid),
        prediction=_text(change.prediction_id),
        resolves=_text(change.resolves_id),
        rebased=change.result["rebased"],
        agreement=change.result["agreement"],
        contested=change.result["contested"],
        made_at=moment(change.made_at),
        skew_ms=change.skew_ms,
        skew_flagged=abs(change.skew_ms) > MOST_SKEW_MS,
        build=change.build,
        **details,
    )


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)


def _told(one: Contested) -> dict[str, object]:
    return {
        "what": one.what,
        "mine": clipped(value=one.mine),
        "theirs": clipped(value=one.theirs),
        "entry": _text(one.entry.uuid if one.entry else None),
    }


def clipped(*, value: Any) -> Any:
    """Return a value as an entry keeps it: a long text by its digest, an amount as text."""
    match value:
        case str() if len(value) > _LONGEST:
            digest = hashlib.sha256(value.encode()).hexdigest()
            return {"sha256": digest, "characters": len(value)}
        case dict():
            return {name: clipped(value=item) for name, item in value.items()}
        case list() | tuple():
            return [clipped(value=item) for item in value]
        case None | bool() | str():
            return value
        case int() if abs(value) <= LARGEST:
            return value
        case _:
            return str(value)
