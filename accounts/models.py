from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person, or a program that acts in its own name."""

    display_name = models.CharField(max_length=150, blank=True)

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
