from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models

from ledger.models import Entry


class User(AbstractUser):
    """A person, or a program that acts in its own name."""

    display_name = models.CharField(max_length=150, blank=True)
    # What tells of the last change; ledger/guards.py says how it cannot be left out.
    entry = models.ForeignKey(
        Entry, models.DO_NOTHING, to_field="uuid", null=True, editable=False, related_name="+"
    )

    def __str__(self) -> str:
        return self.display_name or self.username


class IdempotencyKey(models.Model):
    """The answer to a request that may arrive twice.

    Written in the transaction of the request's effect: if the effect is there, so is this
    row, and if this row is not there, nothing has happened.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    key = models.CharField(max_length=255)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    response_body = models.BinaryField()
    location = models.CharField(max_length=500, blank=True)
    # The database knows the default too: the release before goes on writing during a migration.
    etag = models.CharField(max_length=100, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "method", "path", "key"],
                name="accounts_one_answer_per_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"

    def body(self) -> bytes:
        # PostgreSQL hands out a memoryview.
        value: Any = self.response_body
        return bytes(value)


class SignInAttempts(models.Model):
    """How often somebody has tried to sign in lately, and not been let in.

    One row counts the attempts from an address, another those under one name from there. The key
    is a digest of them, so that the table keeps nobody's names, nor the passwords that people
    type where their name belongs.
    """

    key = models.CharField(max_length=64, primary_key=True)
    attempts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "sign-in attempts"

    def __str__(self) -> str:
        return f"{self.attempts} since {self.started_at:%Y-%m-%d %H:%M}"


class Tablet(models.Model):
    """An installation of the tablet pages, and what it last said of itself.

    Its name is one that it made up: it says which reports belong together, not who it is.
    """

    uuid = models.UUIDField(unique=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    last_person = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    checkpoint_size = models.PositiveBigIntegerField(
        help_text="How many entries the log had when the tablet last found it whole."
    )
    model_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Whose suggestions it shows. Empty: none."
    )
    alarmed_at = models.DateTimeField(
        null=True, help_text="When it first said that the past has changed. Null: never."
    )

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.uuid)


class TabletReport(models.Model):
    """What changed on a tablet: the model that it holds, or its trust in the log."""

    class Kind(models.TextChoices):
        MODEL = "model"
        ALARM = "alarm"

    tablet = models.ForeignKey(Tablet, on_delete=models.PROTECT, related_name="reports")
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind)
    model_sha256 = models.CharField(max_length=64, blank=True)
    # Two signed notes that cannot both be true, word for word: the evidence.
    kept = models.TextField(blank=True)
    seen = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["tablet", "kind", "id"], name="accounts_tablet_report")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="model", kept="", seen="")
                | models.Q(kind="alarm", model_sha256=""),
                name="accounts_report_of_one_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.tablet_id}"
