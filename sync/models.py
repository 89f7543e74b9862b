"""What tablets pull and push: what changed here, in the order of commits, and what they changed."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from inventory.models import Product
from predictions.models import Prediction


class Epoch(models.Model):
    """From which database the cursors of tablets are. One row.

    A cursor of another epoch is worthless: the tablet reads everything again.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    uuid = models.UUIDField()
    cluster = models.CharField(
        max_length=40, blank=True, help_text="PostgreSQL's own name of itself. Empty on SQLite."
    )

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="sync_one_epoch"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class Touched(models.Model):
    """A product or a category that was written. Triggers add these rows, whoever writes.

    On PostgreSQL each row also has `xid`, the transaction that wrote it: tablets read in the order
    of commits, which that of the keys is not.
    """

    class Collection(models.TextChoices):
        PRODUCT = "product"
        CATEGORY = "category"

    collection = models.CharField(max_length=8, choices=Collection)
    row = models.BigIntegerField(help_text="The id of what was written.")
    # Chance. A restored database gives a number a second time, but not with the same mark.
    mark = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.collection} {self.row}"


class Change(models.Model):
    """Something that a person did on a tablet, and what became of it.

    Written in the transaction of its effect, so that a change that arrives twice has one. It is
    never changed: a later change that settles it names it in `resolves`.
    """

    class Kind(models.TextChoices):
        CREATE = "product.create"
        EDIT = "product.edit"
        CATEGORIZE = "product.categorize"
        ACCEPT = "prediction.accept"
        CORRECT = "prediction.correct"
        PROVISIONAL = "prediction.provisional"
        SKIP = "prediction.skip"
        DISMISS = "conflict.dismiss"

    class Status(models.TextChoices):
        APPLIED = "applied"
        CONFLICT = "conflict"
        REJECTED = "rejected"

    # Made on the tablet, once: however often the change is sent, this stays.
    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=22, choices=Kind)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    device = models.UUIDField(help_text="The name that the tablet gave itself.")
    seq = models.PositiveBigIntegerField(help_text="Its place among the changes of this device.")
    body_sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=8, choices=Status)
    code = models.CharField(max_length=40, blank=True, help_text="Why it was not applied.")
    # What the tablet is told again if it asks again; without anything about people.
    result = models.JSONField()
    product = models.ForeignKey(Product, null=True, on_delete=models.PROTECT, related_name="+")
    product_uuid = models.UUIDField(
        null=True, help_text="What the tablet called a product that the server did not know yet."
    )
    prediction = models.ForeignKey(
        Prediction, null=True, on_delete=models.PROTECT, related_name="+"
    )
    base_version = models.PositiveIntegerField(
        null=True, help_text="The version of the product that the person saw."
    )
    resolves = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="resolved_by"
    )
    made_at = models.DateTimeField(help_text="By the clock of the tablet.")
    received_at = models.DateTimeField(help_text="By the clock of the server.")
    skew_ms = models.BigIntegerField(
        help_text="How far the tablet's clock was ahead of the server's when it sent this."
    )
    build = models.CharField(max_length=64, blank=True, help_text="Which pages the tablet ran.")

    class Meta:
        default_permissions = ("view",)
        verbose_name = "change from a tablet"
        verbose_name_plural = "changes from tablets"
        indexes: ClassVar = [
            models.Index(fields=["person", "device", "seq"], name="sync_change_by_device"),
            models.Index(fields=["received_at", "id"], name="sync_change_by_arrival"),
            models.Index(
                fields=["product_uuid"],
                name="sync_change_by_uuid",
                condition=Q(product_uuid__isnull=False),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["applied", "conflict", "rejected"]),
                name="sync_known_status",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "product.create",
                        "product.edit",
                        "product.categorize",
                        "prediction.accept",
                        "prediction.correct",
                        "prediction.provisional",
                        "prediction.skip",
                        "conflict.dismiss",
                    ]
                ),
                name="sync_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(status="applied", code="") | ~Q(status="applied") & ~Q(code=""),
                name="sync_refusals_say_why",
            ),
            # Of several attempts at one new product, one makes it.
            models.UniqueConstraint(
                fields=["product_uuid"],
                condition=Q(kind="product.create", status="applied"),
                name="sync_one_product_per_uuid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"
