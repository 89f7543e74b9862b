"""The Merkle tree, and what may be erased beside it.

An entry names who did it by a number, no longer by name: names can be erased, entries cannot.
Entries of databases from before keep their bodies as they are, names included.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from lib.append_only import append_only, taken_off

ENTRY = append_only("ledger_entry", unique=["id", "uuid"])


def add_xid(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    # What Django does not know: the transaction that wrote an entry, by which entries are sealed.
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "ALTER TABLE ledger_entry ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id()"
        )
        editor.execute("CREATE INDEX ledger_entry_by_xid ON ledger_entry (xid, id)")


def drop_xid(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE ledger_entry DROP COLUMN xid")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_append_only")]

    operations = [
        taken_off(ENTRY),
        migrations.RemoveField("entry", "actor"),
        migrations.AddField(
            "entry",
            "actor_id",
            models.PositiveBigIntegerField(null=True, help_text="Null: the program itself."),
        ),
        migrations.AlterField(
            "entry",
            "subject",
            models.CharField(
                max_length=255,
                null=True,
                help_text="Null: a receipt about nothing that is stored.",
            ),
        ),
        migrations.RemoveIndex("entry", "ledger_entry_by_subject"),
        migrations.AddIndex(
            "entry",
            models.Index(
                fields=["subject", "id"],
                name="ledger_entry_by_subject",
                condition=models.Q(subject__isnull=False),
            ),
        ),
        migrations.RunPython(add_xid, drop_xid),
        ENTRY,
    ]
