"""Changes stay as they were written, and are only taken after the entries that they are named after."""

from django.db import migrations, models

from ledger.guards import needs_entry
from lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0002_feed"),
        ("ledger", "0005_log_triggers"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="change",
            options={
                "default_permissions": ("view",),
                "verbose_name": "change from a tablet",
                "verbose_name_plural": "changes from tablets",
            },
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(fields=["received_at", "id"], name="sync_change_by_arrival"),
        ),
        append_only("sync_change"),
        needs_entry("sync_change"),
    ]
