"""What a registration keeps about how a model was made, fixed from the moment it is written."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NAME = "registry_provenance_is_fixed"
TABLE = "registry_modelversion"


def forwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute(
            f"CREATE TRIGGER {NAME} BEFORE UPDATE OF provenance ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{NAME}'); END"
        )
    else:
        editor.execute(
            f"CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{NAME}' USING ERRCODE = 'check_violation'; END $$"
        )
        editor.execute(
            f"CREATE TRIGGER {NAME} BEFORE UPDATE OF provenance ON {TABLE} "
            f"FOR EACH ROW EXECUTE FUNCTION {NAME}()"
        )


def backwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute(f"DROP TRIGGER {NAME}")
    else:
        editor.execute(f"DROP TRIGGER {NAME} ON {TABLE}")
        editor.execute(f"DROP FUNCTION {NAME}()")


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_triggers")]

    operations = [
        # Without a default and nullable: SQLite then adds the column where the table stands, and
        # the triggers of 0002 stay.
        migrations.AddField(
            model_name="modelversion",
            name="provenance",
            field=models.TextField(
                help_text="what made it, as canonical JSON; registry/provenance.py reads it",
                null=True,
            ),
        ),
        migrations.RunPython(forwards, backwards),
    ]
