"""What may happen to a model: it is registered, approved, deployed and retired."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F

from accounts.models import User
from ledger.actions import record
from lib.ids import uuid7
from registry import files
from registry.models import SEED_REASON, Approval, Deployment, ModelVersion
from registry.release import Release

Kind = ModelVersion.Kind
Status = ModelVersion.Status
ROLE_OF = {
    Kind.MODEL: Deployment.Role.LIVE,
    Kind.FALLBACK: Deployment.Role.FALLBACK,
    Kind.RULES: Deployment.Role.RULES,
}


class CannotApprove(Exception):
    """The message is fit to show to the person who asked."""


class CannotDeploy(Exception):
    """The message is fit to show to the person who asked."""


class CannotRetire(Exception):
    """The message is fit to show to the person who asked."""


@transaction.atomic
def register(*, release: Release, by: User, now: datetime) -> list[ModelVersion]:
    """Make the models of a release known as candidates and keep their files.

    Safe to run twice: a version that is known stays as it is, and its file is put back if it
    was damaged.
    """
    versions = []
    for file in release.files:
        # Before the row: a file without a row is only a file, a row without its file would be a
        # lie.
        files.store(file.data, sha256=file.sha256, kind=file.kind)
        entry = uuid7()
        version, is_new = ModelVersion.objects.get_or_create(
            sha256=file.sha256,
            defaults={
                "kind": file.kind,
                "card": release.card,
                "dataset_sha256": release.dataset_sha256,
                "bytes": len(file.data),
                "golden": file.golden,
                "provenance": release.provenance,
                "submitted_by": by,
                "submitted_at": now,
                "entry_id": entry,
            },
        )
        if is_new:
            record(
                "model.registered",
                actor=by.pk,
                subject=version.sha256,
                now=now,
                uuid=entry,
                part=file.kind,
                bytes=len(file.data),
                card_sha256=hashlib.sha256(release.card.encode()).hexdigest(),
                dataset_sha256=release.dataset_sha256,
                provenance_sha256=hashlib.sha256(release.provenance.encode()).hexdigest(),
            )
        versions.append(version)
    return versions


@transaction.atomic
def approve(
    *, sha256: str, reason: str, by: User, now: datetime, is_seed: bool = False
) -> Approval:
    """Approve a candidate that somebody else submitted.

    `is_seed` is for the first models of an installation, which nobody could review: the
    approval then says so for ever.
    """
    version = ModelVersion.objects.select_for_update().get(pk=sha256)
    if version.status != Status.CANDIDATE:
        raise CannotApprove(f"This model is {version.status}, not a candidate.")
    if not reason.strip():
        raise CannotApprove("Say why this model may answer: an approval needs a reason.")
    if version.submitted_by_id == by.pk and not is_seed:
        raise CannotApprove("Somebody else has to approve your model.")

    entry = uuid7()
    approval = Approval.objects.create(
        version=version,
        submitted_by_id=version.submitted_by_id,
        approved_by=by,
        approved_at=now,
        reason=f"{SEED_REASON}: {reason}" if is_seed else reason,
        is_seed=is_seed,
        entry_id=entry,
    )
    version.status, version.entry_id = Status.APPROVED, entry
    version.save(update_fields=["status", "entry"])
    record(
        "model.approved",
        actor=by.pk,
        subject=sha256,
        now=now,
        uuid=entry,
        private={"reason": approval.reason},
        about=by.pk,
        is_seed=is_seed,
    )
    return approval


@transaction.atomic
def deploy(*, sha256: str, by: User, now: datetime) -> Deployment:
    """Let an approved version answer in place of the one that answers now.

    The old one ends at the very moment the new one starts, in one transaction.
    """
    version = ModelVersion.objects.select_for_update().get(pk=sha256)
    if version.status != Status.APPROVED:
        raise CannotDeploy(f"This model is {version.status}. Only an approved model may answer.")
    role = ROLE_OF[Kind(version.kind)]
    entry = uuid7()
    before = Deployment.objects.select_for_update().filter(role=role, ended_at=None).first()
    if before is not None:
        if before.version_id == sha256:
            raise CannotDeploy(f"This model is {role} already.")
        if now <= before.started_at:
            raise CannotDeploy(
                "The clock of this machine is behind the last deployment. Set it right."
            )
        before.ended_at, before.entry_id = now, entry
        before.save(update_fields=["ended_at", "entry"])
    deployment = Deployment.objects.create(
        role=role, version=version, started_at=now, started_by=by, entry_id=entry
    )
    record(
        "model.deployed",
        actor=by.pk,
        subject=sha256,
        now=now,
        uuid=entry,
        role=str(role),
        instead_of=before.version_id if before else None,
    )
    return deployment


@transaction.atomic
def retire(*, sha256: str, reason: str, by: User, now: datetime) -> ModelVersion:
    """Take a version out of use for good. Its file and its history stay."""
    version = ModelVersion.objects.select_for_update().get(pk=sha256)
    if version.status == Status.RETIRED:
        raise CannotRetire("This model is retired already.")
    if Deployment.objects.filter(version=version, ended_at=None).exists():
        raise CannotRetire("This model answers right now. Deploy another one first.")
    entry = uuid7()
    version.status, version.entry_id = Status.RETIRED, entry
    version.save(update_fields=["status", "entry"])
    record(
        "model.retired",
        actor=by.pk,
        subject=sha256,
        now=now,
        uuid=entry,
        private={"reason": reason},
        about=by.pk,
    )
    return version


@transaction.atomic
def plant(*, release: Release, by: User, now: datetime) -> list[Deployment]:
    """Register, approve and deploy a release as the seed state of this installation.

    The record says that it was the seed and that nobody else looked. Safe to run twice. A model
    that people approved and deployed stays: only a seed makes way for another seed.
    """
    started = []
    for version in register(release=release, by=by, now=now):
        answering = (
            Deployment.objects.open()
            .filter(role=ROLE_OF[Kind(version.kind)])
            .select_related("version__approval")
            .first()
        )
        if answering is not None and (
            answering.version_id == version.pk or not answering.version.approval.is_seed
        ):
            continue
        if version.status == Status.CANDIDATE:
            approve(
                sha256=version.sha256,
                reason="the model this installation was set up with, reviewed by nobody else.",
                by=by,
                now=now,
                is_seed=True,
            )
        started.append(deploy(sha256=version.sha256, by=by, now=now))
    return started


@transaction.atomic
def note_reproduction(
    *, sha256: str, outcome: str, facts: Mapping[str, Any], by: User | None, now: datetime
) -> None:
    """Write down that somebody made a model again, and what came out: same, different, impossible.

    `facts` are digests and places in files, never what a dataset says.
    """
    ModelVersion.objects.get(pk=sha256)
    record(
        "model.reproduced",
        actor=by.pk if by else None,
        subject=sha256,
        now=now,
        outcome=outcome,
        **facts,
    )


def robot() -> User:
    """Return the account in whose name the program itself acts. Nobody can sign in as it."""
    user, _ = User.objects.get_or_create(
        username="shelfmark",
        defaults={"display_name": "Shelfmark", "password": make_password(None)},
    )
    return user


def touch(*, sha256: str) -> None:
    """Write to the database and change nothing, so that /readyz knows that it takes writes."""
    ModelVersion.objects.filter(pk=sha256).update(status=F("status"))
