import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0004_notes_apart"),
        ("registry", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReplayRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField()),
                (
                    "path",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("live", "Live"),
                            ("canary", "Canary"),
                            ("fallback", "Fallback"),
                            ("rules", "Rules"),
                            ("none", "None"),
                        ],
                        max_length=8,
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=7,
                    ),
                ),
                (
                    "total",
                    models.PositiveIntegerField(
                        help_text="How many there were when it was requested."
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("identical", models.PositiveIntegerField(default=0)),
                ("different", models.PositiveIntegerField(default=0)),
                ("impossible", models.PositiveIntegerField(default=0)),
                (
                    "cursor",
                    models.UUIDField(help_text="The last prediction that was replayed.", null=True),
                ),
                (
                    "why",
                    models.CharField(blank=True, help_text="Why it failed.", max_length=500),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.modelversion",
                    ),
                ),
            ],
            options={
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["id"],
                        name="predictions_open_replays",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["queued", "running", "done", "failed"])),
                        name="predictions_known_replay_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "done",
                                models.F("identical")
                                + models.F("different")
                                + models.F("impossible"),
                            )
                        ),
                        name="predictions_replays_add_up",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReplayFinding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("identical", "Identical"),
                            ("different", "Different"),
                            ("impossible", "Impossible"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "what",
                    models.TextField(help_text="The reason, or the fields that differ."),
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
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="predictions.replayrun",
                    ),
                ),
            ],
            options={
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "prediction"), name="predictions_one_finding_each"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["different", "impossible"])),
                        name="predictions_a_finding_is_no_success",
                    ),
                ],
            },
        ),
        append_only("predictions_replayfinding", unique=("id", ("run_id", "prediction_id"))),
    ]
