"""Versions, approvals and deployments name the entry that tells of their last change."""

import django.db.models.deletion
from django.db import migrations, models

from ledger.guards import Key, guarded, needs_new_entry
from lib.triggers import aside_on_the_way_back, sees_no_temporary_tables


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0003_provenance"),
        ("ledger", "0005_log_triggers"),
    ]

    operations = [
        *aside_on_the_way_back(
            migrations.AddField(
                "modelversion",
                "entry",
                models.ForeignKey(
                    editable=False,
                    null=True,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="+",
                    to="ledger.entry",
                    to_field="uuid",
                ),
            ),
            migrations.AddField(
                "approval",
                "entry",
                models.ForeignKey(
                    editable=False,
                    null=True,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="+",
                    to="ledger.entry",
                    to_field="uuid",
                ),
            ),
            migrations.AddField(
                "deployment",
                "entry",
                models.ForeignKey(
                    editable=False,
                    null=True,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="+",
                    to="ledger.entry",
                    to_field="uuid",
                ),
            ),
        ),
        guarded("registry_modelversion", "model", row=Key("sha256", digits=64), columns=["status"]),
        guarded(
            "registry_deployment",
            "deployment",
            about=Key("version_id", digits=64),
            unique=["role = NEW.role AND ended_at IS NULL AND NEW.ended_at IS NULL"],
        ),
        needs_new_entry("registry_approval"),
        sees_no_temporary_tables(
            "registry_approval_names_the_submitter",
            "registry_approved_needs_approval",
            "registry_only_approved_are_deployed",
        ),
    ]
