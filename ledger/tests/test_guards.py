"""Rows that need their entries first, and guards that are gone."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from accounts.models import User
from ledger.guards import missing
from ledger.tests.telling import NOW, ON_SQLITE, raw, refused, run
from lib.ids import uuid7
from predictions.models import Prediction, Recall, Review
from registry.models import Approval, ModelVersion
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


# Append-only tables whose rows need an entry


def test_an_approval_needs_an_entry_of_its_own(deployed: SHA256, admin: User) -> None:
    approval = Approval.objects.first()
    assert approval is not None
    run_out = ModelVersion.objects.create(
        sha256="f" * 64,
        kind="model",
        card="{}",
        dataset_sha256="0" * 64,
        bytes=1,
        golden="{}",
        submitted_by=admin,
        submitted_at=NOW,
    )
    fields: Any = {
        "version": run_out,
        "submitted_by": admin,
        "approved_by": User.objects.exclude(pk=admin.pk).first(),
        "approved_at": NOW,
        "reason": "x",
    }
    for entry in (None, approval.entry_id):
        with refused("needs_entry"):
            Approval.objects.create(**fields, entry_id=entry)


@pytest.mark.parametrize("model", [Prediction, Review, Recall])
def test_no_answer_and_no_review_without_its_entry(model: type[models.Model], db: None) -> None:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(field.attname for field in fields)
    # The trigger comes before all constraints.
    with refused("needs_entry"):
        run(
            f"INSERT INTO {model._meta.db_table} (id, {columns})"
            f" VALUES (%s, {', '.join(['NULL'] * len(fields))})",
            raw(uuid7()),
        )


# Guards that are gone


def test_every_trigger_of_the_migrations_is_there(db: None) -> None:
    assert missing() == []


@pytest.mark.parametrize(
    ("table", "trigger"),
    [
        ("inventory_product", "inventory_product_told"),
        ("ledger_entry", "ledger_entry_no_update"),
        ("predictions_review", "predictions_review_needs_entry"),
        ("registry_modelversion", "registry_status_goes_forward"),
        ("sync_change", "sync_change_needs_entry"),
    ],
)
def test_a_dropped_trigger_is_noticed(db: None, table: str, trigger: str) -> None:
    if ON_SQLITE:
        trigger = trigger.replace("_told", "_told_update")
        run(f"DROP TRIGGER {trigger}")
    else:
        trigger = trigger.replace("_no_update", "_no_change")
        run(f"DROP TRIGGER {trigger} ON {table}")
    assert missing() == [f"trigger {trigger} is gone."]


def test_a_weakened_trigger_is_noticed(db: None) -> None:
    if ON_SQLITE:
        run("DROP TRIGGER inventory_product_told_delete")
        run(
            "CREATE TRIGGER inventory_product_told_delete AFTER DELETE ON inventory_product"
            " BEGIN SELECT 1; END"
        )
        assert missing() == ["trigger inventory_product_told_delete is not what it was."]
    else:
        run(
            "CREATE OR REPLACE FUNCTION inventory_product_told() RETURNS trigger"
            " LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
        )
        assert missing() == ["function inventory_product_told is not what it was."]
        run("ALTER TABLE auth_group DISABLE TRIGGER auth_group_told")
        assert "trigger auth_group_told is gone." in missing()
