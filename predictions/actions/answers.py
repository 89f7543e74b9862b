"""What may happen in predictions: an answer is given with its receipt, and a person reviews it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import IdempotencyKey, User
from inventory.actions import Stale, UnknownCategory, categorize
from inventory.models import Category, Product
from ledger.actions import Built, OpeningRow, record, record_many, secret_of
from ledger.commitments import actor_salt, actor_value, canonical, commitment
from ledger.models import Entry
from lib.group_commit import GroupCommit
from lib.ids import uuid7
from lib.rows import insert
from lib.salts import salt
from predictions import features, metrics, receipts, serving
from predictions.models import Prediction, Review, Skip
from predictions.receipts import Asker, Question

# The kind of the ledger entries whose bodies are receipts.
MADE = "prediction.made"


class CannotReview(Exception):
    """The message is fit to show to the person who asked."""


@dataclass(frozen=True, slots=True)
class Made:
    """One answer and everything that is written with it."""

    prediction: Prediction
    written: Built
    outcome: serving.Outcome
    # Whether a tablet had answered the same; None: no tablet had.
    agreement: str | None = None


@dataclass(frozen=True, slots=True)
class _Written:
    """What one request writes, all of it or nothing."""

    made: Sequence[Made]
    key: IdempotencyKey | None


def predict(
    *,
    questions: Sequence[Question],
    asker: Asker,
    now: datetime,
    keep: Callable[[Sequence[Made]], IdempotencyKey | None] = lambda made: None,
) -> list[Made]:
    """Answer the questions, and return when every answer has its receipt on the disk.

    `keep` may return the answer to a request that could arrive twice: it is written in the same
    transaction, so that of two deliveries only one can win, and the other raises IntegrityError
    and has written nothing.
    """
    started = time.perf_counter_ns()
    chain = serving.chain()
    outcomes = serving.ask(chain, [question.features for question in questions])
    duration_us = (time.perf_counter_ns() - started) // (1000 * len(questions))
    secret = secret_of(asker.user_id)
    made = [
        _made(question, outcome, chain, asker, secret, now, duration_us)
        for question, outcome in zip(questions, outcomes, strict=True)
    ]
    _writer.write(_Written(made, keep(made)))
    metrics.observe(outcomes, seconds=(time.perf_counter_ns() - started) / 1e9)
    return made


@transaction.atomic
def predict_products(*, products: Sequence[Product], by: User, now: datetime) -> list[Made]:
    """Answer for stored products, and file those whose answer needs no review.

    One transaction for all of them. A product too long for a receipt is left out. One that
    somebody changed or categorized since it was read stays as it is: the person wins.
    """
    questions = [
        Question(read, product.pk, product.version)
        for product in products
        if not features.is_too_long(read := features.of_product(product))
    ]
    if not questions:
        return []
    asker = Asker(user_id=by.pk, request_id="")
    made = predict(questions=questions, asker=asker, now=now)
    known = set(
        Category.objects.filter(
            path__in={one.prediction.label for one in made if not one.prediction.needs_review}
        ).values_list("path", flat=True)
    )
    for one in made:
        prediction = one.prediction
        if prediction.needs_review or prediction.label not in known:
            continue
        assert prediction.product_id is not None
        with suppress(Stale, Product.DoesNotExist):
            categorize(
                product_id=prediction.product_id,
                category=prediction.label,
                source=Product.Source.MODEL,
                by=by,
                now=now,
                expected_version=prediction.product_version,
            )
    return made


def _made(
    question: Question,
    outcome: serving.Outcome,
    chain: serving.Chain,
    asker: Asker,
    secret: bytes,
    now: datetime,
    duration_us: int,
) -> Made:
    receipt_id = uuid7()
    agreement = str(question.tablet.beside(outcome)["agreement"]) if question.tablet else None
    if agreement == receipts.DIFFERS:
        outcome = replace(outcome, needs_review=True)
    openings, commitments = _closed(receipt_id, question, asker, secret)
    best = outcome.suggestions[0] if outcome.suggestions else None
    return Made(
        prediction=Prediction(
            id=receipt_id,
            product_id=question.product_id,
            product_version=question.product_version,
            version_id=outcome.link.sha256 if outcome.link else None,
            asked_by_id=asker.user_id,
            decision_path=outcome.path,
            label=best.label if best else "",
            score=best.score if best else None,
            confidence_ppm=best.confidence_ppm if best else None,
            threshold_ppm=outcome.threshold_ppm,
            needs_review=outcome.needs_review,
            taxonomy_version=chain.taxonomy_version,
            made_at=now,
        ),
        written=Built(
            Entry(
                uuid=receipt_id,
                kind=MADE,
                subject=f"product:{question.product_id}" if question.product_id else None,
                actor_id=asker.user_id,
                at=now,
                body=receipts.encode(
                    receipt_id=receipt_id,
                    question=question,
                    commitments=commitments,
                    outcome=outcome,
                    asker=asker,
                    taxonomy_version=chain.taxonomy_version,
                    code_commit=code_commit(),
                    now=now,
                    duration_us=duration_us,
                ),
            ),
            openings,
        ),
        outcome=outcome,
        agreement=agreement,
    )


def _closed(
    receipt_id: UUID, question: Question, asker: Asker, secret: bytes
) -> tuple[list[OpeningRow], receipts.Commitments]:
    """Return what a receipt says of the question and the asker, and what opens that."""
    fresh, value = salt(), canonical(question.features)
    openings: list[OpeningRow] = [(receipt_id, "input", None, fresh, value)]
    device = None
    if asker.device is not None:
        of_device, told = salt(), canonical(asker.device)
        device = commitment(of_device, told)
        openings.append((receipt_id, "device", asker.user_id, of_device, told))
    return openings, receipts.Commitments(
        input=commitment(fresh, value),
        person=commitment(actor_salt(secret, receipt_id), actor_value(asker.user_id)),
        device=device,
    )


def _write_all(requests: Sequence[_Written]) -> None:
    made = [one for request in requests for one in request.made]
    keys = [request.key for request in requests if request.key is not None]
    # Receipts first: the database takes no prediction without its receipt.
    record_many([one.written for one in made])
    insert([one.prediction for one in made])
    insert(keys)


_writer: GroupCommit[_Written] = GroupCommit(_write_all, name="receipts")


@transaction.atomic
def review(
    *,
    prediction_id: UUID,
    category: str | None,
    note: str,
    by: User,
    now: datetime,
) -> Review:
    """Write down what a person said to a prediction, and put the product where the person said.

    Without a category the person accepts what was suggested. A person wins: the product's
    category changes whatever was there before, through the same door as any other change.
    """
    prediction = Prediction.objects.get(pk=prediction_id)
    if category is None and not prediction.label:
        raise CannotReview("There was no suggestion to accept. Say which category is right.")
    label = category or prediction.label
    if not Category.objects.filter(path=label).exists():
        raise UnknownCategory(label)
    outcome = Review.Outcome.ACCEPTED if label == prediction.label else Review.Outcome.CORRECTED
    review_id = uuid7()
    record(
        f"prediction.{outcome}",
        actor=by.pk,
        subject=str(prediction.pk),
        now=now,
        uuid=review_id,
        private={"note": note} if note else None,
        about=by.pk,
        suggested=prediction.label or None,
        category=label,
        product=prediction.product_id,
    )
    written = Review.objects.create(
        id=review_id,
        prediction=prediction,
        outcome=outcome,
        label=label,
        reviewed_by=by,
        reviewed_at=now,
    )
    if prediction.product_id is not None:
        # A product that was deleted meanwhile stays deleted; what the person said counts all
        # the same.
        with suppress(Product.DoesNotExist):
            categorize(
                product_id=prediction.product_id,
                category=label,
                source=Product.Source.PERSON,
                by=by,
                now=now,
            )
    return written


@transaction.atomic
def skip(*, prediction_id: UUID, by: User, now: datetime) -> Skip:
    """Leave a prediction to the others. Safe to repeat: who has left it already does nothing."""
    prediction = Prediction.objects.get(pk=prediction_id)
    known = Skip.objects.filter(prediction=prediction, person=by).first()
    if known is not None:
        return known
    skip_id = uuid7()
    record(
        "prediction.skipped",
        actor=by.pk,
        subject=str(prediction.pk),
        now=now,
        uuid=skip_id,
        product=prediction.product_id,
    )
    return Skip.objects.create(id=skip_id, prediction=prediction, person=by, at=now)


@lru_cache(maxsize=1)
def code_commit() -> str:
    """Return which code answers: SHELFMARK_COMMIT, else what .git says, else "unknown"."""
    if settings.COMMIT:
        return str(settings.COMMIT)
    folder = Path(settings.BASE_DIR) / ".git"
    try:
        head = (folder / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (folder / name).exists():
            return (folder / name).read_text(encoding="ascii").strip()
        for line in (folder / "packed-refs").read_text(encoding="ascii").splitlines():
            commit, _, ref = line.partition(" ")
            if ref == name:
                return commit
    except OSError:
        pass
    return "unknown"
