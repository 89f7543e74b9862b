"""The log: what happened, its place in the Merkle tree, and what was said about it to the world.

Rows are added and never changed; triggers see to it. What may be erased lies apart, in Opening
and Secret: the log holds only commitments to it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q


def _bytes(value: Any) -> bytes:
    # PostgreSQL hands out a memoryview.
    return bytes(value)


class Entry(models.Model):
    """One thing that happened.

    On PostgreSQL each row also has `xid`, the transaction that wrote it: the sequencer appends
    entries in the order of commits, which that of the keys is not.
    """

    uuid = models.UUIDField(unique=True)
    kind = models.CharField(max_length=100)
    # Null and not empty, because both databases see that an index without nulls serves a search.
    subject = models.CharField(  # noqa: DJ001
        max_length=255, null=True, help_text="Null: a receipt about nothing that is stored."
    )
    actor_id = models.PositiveBigIntegerField(null=True, help_text="Null: the program itself.")
    at = models.DateTimeField()
    body = models.BinaryField()

    class Meta:
        default_permissions = ("view",)
        permissions: ClassVar = [("audit", "Can follow, replay and prove predictions")]
        verbose_name_plural = "entries"
        indexes: ClassVar = [
            models.Index(
                fields=["subject", "id"],
                name="ledger_entry_by_subject",
                condition=Q(subject__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    def content(self) -> bytes:
        """Return the canonical JSON of this entry, the bytes that stand for it."""
        return _bytes(self.body)


class Opening(models.Model):
    """What a commitment in an entry was made over. Deleted when it is erased, never changed."""

    entry = models.UUIDField()
    part = models.CharField(max_length=20)
    # Whose personal data this is, if it is anybody's: the key of a user.
    about = models.PositiveBigIntegerField(null=True)
    salt = models.BinaryField()
    value = models.BinaryField(help_text="Canonical JSON.")

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(
                fields=["about"], name="ledger_opening_by_person", condition=Q(about__isnull=False)
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "part"], name="ledger_one_opening_per_part"),
            models.CheckConstraint(
                condition=Q(part__in=["details", "input", "device"]), name="ledger_known_part"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.entry}"


class Secret(models.Model):
    """What the commitments to one person are salted with. Erasing it closes them all."""

    user_id = models.PositiveBigIntegerField(primary_key=True)
    secret = models.BinaryField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"secret of user {self.user_id}"


class Erasure(models.Model):
    """Somebody decided that data must go: all about a person, or what one entry keeps apart."""

    about = models.PositiveBigIntegerField(null=True)
    entry = models.UUIDField(null=True)
    reason = models.CharField(max_length=1000)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(fields=["about"], name="ledger_erasure_by_person"),
            models.Index(fields=["entry"], name="ledger_erasure_by_entry"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(about=None, entry__isnull=False) | Q(about__isnull=False, entry=None),
                name="ledger_erases_a_person_or_an_entry",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="ledger_erasure_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"erasure of {self.entry or f'user {self.about}'}"


class Leaf(models.Model):
    """The place of an entry in the tree. It outlives the entry."""

    index = models.PositiveBigIntegerField(primary_key=True)
    entry_id = models.PositiveBigIntegerField(unique=True)
    hash = models.BinaryField()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "leaves"

    def __str__(self) -> str:
        return f"leaf {self.index}"


class Node(models.Model):
    """The hash over 256**level leaves, the `index`th such group. Written when it is complete."""

    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    hash = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["level", "index"], name="ledger_one_node_per_place"),
            models.CheckConstraint(condition=Q(level__gte=1), name="ledger_leaves_are_no_nodes"),
        ]

    def __str__(self) -> str:
        return f"node {self.level}/{self.index}"


class Checkpoint(models.Model):
    """What the log says of itself at one size, signed: a C2SP tlog-checkpoint."""

    size = models.PositiveBigIntegerField(unique=True)
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(size__gt=0), name="ledger_checkpoint_of_something")
        ]

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"

    def cosigned(self) -> str:
        """Return the note with what witnesses wrote below it."""
        lines = Cosignature.objects.filter(checkpoint=self).order_by("pk")
        return self.note + "".join(lines.values_list("line", flat=True))


class LogKey(models.Model):
    """The public half of a key that signs checkpoints, and since when.

    The newest one is the current one; `keys.public_keys` says until when the others sign.
    """

    vkey = models.CharField(max_length=400, unique=True)
    since = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.vkey


class Cosignature(models.Model):
    """The line with which a witness says that a checkpoint continues what it saw before."""

    checkpoint = models.ForeignKey(
        Checkpoint, on_delete=models.PROTECT, related_name="cosignatures"
    )
    name = models.CharField(max_length=400, help_text="Of the witness.")
    line = models.TextField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["checkpoint", "name"], name="ledger_one_cosignature_per_witness"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} saw {self.checkpoint}"


class CheckpointSent(models.Model):
    """A checkpoint has left the house that day."""

    class Way(models.TextChoices):
        FILE = "file"
        MAIL = "mail"

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="+")
    way = models.CharField(max_length=4, choices=Way)
    day = models.DateField(help_text="In UTC.")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        verbose_name_plural = "checkpoints sent"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["way", "day"], name="ledger_one_checkpoint_a_day"),
            models.CheckConstraint(
                condition=Q(way__in=["file", "mail"]), name="ledger_known_way_out"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint} by {self.way} on {self.day}"


class Pruning(models.Model):
    """Somebody decided that old entries leave the database. Their leaves and nodes stay.

    Nothing is deleted before `entry`, which says so in the log, is under a checkpoint.
    """

    up_to_index = models.PositiveBigIntegerField(
        unique=True, help_text="The first leaf whose entry stays."
    )
    entry = models.UUIDField(unique=True)
    before = models.DateTimeField(help_text="Everything in it was sealed before that.")
    archive_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"pruned up to leaf {self.up_to_index}"


class Position(models.Model):
    """How far the sequencer has come on PostgreSQL. One row.

    Transaction numbers begin anew in another cluster, so the cluster they belong to is kept
    with them.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    cluster = models.CharField(max_length=40)
    xid = models.CharField(max_length=20)
    entry_id = models.PositiveBigIntegerField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="ledger_one_position"),
        ]

    def __str__(self) -> str:
        return f"after entry {self.entry_id}"


class Verification(models.Model):
    """That somebody checked the whole log, and what came of it."""

    at = models.DateTimeField()
    size = models.PositiveBigIntegerField()
    checkpoint_size = models.PositiveBigIntegerField(null=True)
    is_good = models.BooleanField()
    faults = models.PositiveIntegerField()
    first_bad = models.TextField(blank=True, help_text="The first fault, in a sentence.")
    milliseconds = models.PositiveBigIntegerField()

    class Meta:
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(is_good=True, faults=0, first_bad="")
                | Q(is_good=False, faults__gt=0) & ~Q(first_bad=""),
                name="ledger_verification_names_its_fault",
            )
        ]

    def __str__(self) -> str:
        return f"{self.size} entries {'are' if self.is_good else 'are NOT'} as they were"
