"""Products and categories name the entry that tells of their last change."""

import django.db.models.deletion
from django.db import migrations, models

from ledger.guards import guarded


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0003_fill_search_text"),
        ("ledger", "0005_log_triggers"),
    ]

    operations = [
        migrations.AddField(
            "category",
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
            "product",
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
        guarded(
            "inventory_category",
            "category",
            subject="category:",
            unique=["path = NEW.path"],
            is_deleted=True,
        ),
        guarded(
            "inventory_product",
            "product",
            subject="product:",
            unique=["sku = NEW.sku AND deleted_at IS NULL AND NEW.deleted_at IS NULL"],
            is_upserted=True,
        ),
    ]
