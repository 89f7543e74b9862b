from typing import Any

from django.db import models


class Entry(models.Model):
    """One thing that happened. Rows are added and never changed; triggers see to it."""

    uuid = models.UUIDField(unique=True)
    kind = models.CharField(max_length=100)
    subject = models.CharField(max_length=255)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()
    body = models.BinaryField()

    class Meta:
        default_permissions = ("view",)
        verbose_name_plural = "entries"
        indexes = [models.Index(fields=["subject", "id"], name="ledger_entry_by_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    def content(self) -> bytes:
        """Return the canonical JSON of this entry, the bytes that stand for it."""
        # PostgreSQL hands out a memoryview.
        value: Any = self.body
        return bytes(value)
