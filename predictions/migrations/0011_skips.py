"""What a person leaves to the others."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lib.ids
from ledger.guards import needs_entry
from lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0010_told_by_entries"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Skip",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=lib.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "prediction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="predictions.prediction",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("prediction", "person"), name="predictions_one_skip_each"
                    )
                ],
            },
        ),
        needs_entry("predictions_skip"),
        append_only("predictions_skip", unique=("id", ("prediction_id", "person_id"))),
    ]
