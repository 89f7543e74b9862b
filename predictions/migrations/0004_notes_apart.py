from django.db import migrations

from lib.append_only import append_only, taken_off

REVIEW = append_only("predictions_review")


class Migration(migrations.Migration):
    """Free text of a person can be erased, so it no longer stands in a table that cannot change.

    Notes of a database from before stay in the bodies of their entries.
    """

    dependencies = [("predictions", "0003_history_and_queue"), ("ledger", "0005_log_triggers")]

    operations = [
        taken_off(REVIEW),
        migrations.RemoveField("review", "note"),
        REVIEW,
    ]
