"""What `manage.py check` says about the model files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.db import DatabaseError

from registry import files
from registry.models import Deployment

HINT = (
    "Put the file back from a backup or from the release it came with: type "
    "`python manage.py register_model FOLDER`, which also restores files, or `make model` to build "
    "the release anew. `python manage.py migrate` takes `--skip-checks` meanwhile."
)


@register("models")
def check_model_files(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name every file of a deployed version that is missing, cut off or not the registered one."""
    faults: list[CheckMessage] = []
    try:
        deployed = list(Deployment.objects.open().select_related("version").order_by("role"))
    except DatabaseError:
        # Nothing is deployed before the first migration; a database that is away has its own
        # errors.
        return faults
    for deployment in deployed:
        version = deployment.version
        try:
            files.check(version.sha256, kind=version.kind, size=version.bytes)
        except files.WrongFile as error:
            faults.append(
                Error(
                    f"The {deployment.role} model cannot be used: {error}",
                    hint=HINT,
                    obj=version,
                    id="registry.E001",
                )
            )
    return faults
