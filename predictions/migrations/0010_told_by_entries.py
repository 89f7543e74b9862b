"""Predictions, reviews and recalls are only taken after the entries that they are named after."""

from django.db import migrations

from ledger.guards import needs_entry
from lib.triggers import sees_no_temporary_tables


class Migration(migrations.Migration):
    dependencies = [("predictions", "0006_recalls"), ("ledger", "0005_log_triggers")]

    operations = [
        needs_entry("predictions_prediction"),
        needs_entry("predictions_review"),
        needs_entry("predictions_recall"),
        sees_no_temporary_tables("predictions_doubt_waits"),
    ]
