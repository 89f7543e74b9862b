"""Recalls, and the queue of what waits for a person as a table of its own.

Until now a partial index of the predictions was the queue. What is recalled has to stand in the
same order without a row of the predictions changing, and one index can only have both if both are
rows of one table.
"""

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import lib.ids
from lib.append_only import append_only

_WAITS = "needs_review AND {}product_id IS NOT NULL"
FILL = (
    "INSERT INTO predictions_doubt (prediction_id, sure) "
    "SELECT id, COALESCE(confidence_ppm, -1) FROM predictions_prediction "
    f"WHERE {_WAITS.format('')}"
)
_TAKE_A_PLACE = (
    "INSERT INTO {}predictions_doubt (prediction_id, sure) "
    "VALUES (NEW.id, COALESCE(NEW.confidence_ppm, -1));"
)
SQLITE = (
    "CREATE TRIGGER predictions_doubt_waits AFTER INSERT ON predictions_prediction "
    f"WHEN NEW.{_WAITS.format('NEW.')} BEGIN {_TAKE_A_PLACE.format('')} END",
)
SQLITE_BACK = ("DROP TRIGGER predictions_doubt_waits",)
POSTGRESQL = (
    "CREATE FUNCTION predictions_doubt_waits() RETURNS trigger LANGUAGE plpgsql AS "
    # Temporary tables come first, so that without its schema the name could be anybody's.
    f"$$ BEGIN {_TAKE_A_PLACE.format('public.')} RETURN NULL; END $$",
    "CREATE TRIGGER predictions_doubt_waits AFTER INSERT ON predictions_prediction "
    f"FOR EACH ROW WHEN (NEW.{_WAITS.format('NEW.')}) "
    "EXECUTE FUNCTION predictions_doubt_waits()",
)
POSTGRESQL_BACK = (
    "DROP TRIGGER predictions_doubt_waits ON predictions_prediction",
    "DROP FUNCTION predictions_doubt_waits()",
)


def forwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    is_sqlite = editor.connection.vendor == "sqlite"
    for statement in (FILL, *(SQLITE if is_sqlite else POSTGRESQL)):
        editor.execute(statement, params=None)


def backwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    is_sqlite = editor.connection.vendor == "sqlite"
    for statement in SQLITE_BACK if is_sqlite else POSTGRESQL_BACK:
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0005_replays"),
        ("registry", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Doubt",
            fields=[
                (
                    "prediction",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="doubt",
                        serialize=False,
                        to="predictions.prediction",
                    ),
                ),
                (
                    "sure",
                    models.IntegerField(
                        help_text="The confidence in parts per million; -1: no suggestion."
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["sure", "prediction"], name="predictions_doubts_in_order")
                ],
            },
        ),
        migrations.CreateModel(
            name="Recall",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=lib.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reason", models.CharField(max_length=1000)),
                ("recalled_at", models.DateTimeField()),
                (
                    "recalled_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recalls",
                        to="registry.modelversion",
                    ),
                ),
            ],
            options={
                "default_permissions": ("view",),
                "permissions": [("recall", "Can put what a model answered before people again")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="predictions_recall_has_a_reason",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Requeued",
            fields=[
                (
                    "prediction",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="requeued",
                        serialize=False,
                        to="predictions.prediction",
                    ),
                ),
                (
                    "recall",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requeued",
                        to="predictions.recall",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "verbose_name_plural": "requeued",
            },
        ),
        migrations.RunPython(forwards, backwards),
        append_only("predictions_doubt", unique=("prediction_id",)),
        append_only("predictions_recall"),
        append_only("predictions_requeued", unique=("prediction_id",)),
        migrations.RemoveIndex(model_name="prediction", name="predictions_doubtful"),
    ]
