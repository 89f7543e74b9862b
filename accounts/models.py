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
