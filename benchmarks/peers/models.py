"""The audit table of the front app."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class AuditRow(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    product = models.JSONField()
    category = models.TextField()
    confidence = models.FloatField()
    at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["AuditRow"]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.category} at {self.at}"
