"""INSERT OR REPLACE of SQLite pushes out no change that made the same product."""

from django.db import migrations

from lib.triggers import Statements, operation

_MADE = "kind = 'product.create' AND {0}status = 'applied'"


class Migration(migrations.Migration):
    dependencies = [("sync", "0010_changes_stay")]

    operations = [
        operation(
            sqlite=Statements(
                [
                    "CREATE TRIGGER sync_change_one_product BEFORE INSERT ON sync_change "
                    f"WHEN NEW.{_MADE.format('NEW.')} AND EXISTS (SELECT 1 FROM sync_change "
                    f"WHERE product_uuid = NEW.product_uuid AND {_MADE.format('')}) "
                    "BEGIN SELECT RAISE(ABORT, "
                    "'sync_change is append-only: UNIQUE constraint failed'); END"
                ],
                ["DROP TRIGGER sync_change_one_product"],
            ),
            postgresql=Statements([], []),
        ),
    ]
