"""What no constraint can say: which columns are fixed, and rules that look at a second table."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from lib.append_only import append_only

VERSION_COLUMNS = "sha256, kind, card, dataset_sha256, bytes, golden, submitted_by_id, submitted_at"
DEPLOYMENT_COLUMNS = "id, role, version_id, started_at, started_by_id"

# Name, when, table, and the condition under which the change is refused.
RULES = (
    (
        "registry_version_is_fixed",
        f"UPDATE OF {VERSION_COLUMNS}",
        "registry_modelversion",
        "1 = 1",
    ),
    ("registry_version_stays", "DELETE", "registry_modelversion", "1 = 1"),
    (
        "registry_status_goes_forward",
        "UPDATE OF status",
        "registry_modelversion",
        "(OLD.status = 'retired' AND NEW.status <> 'retired')"
        " OR (OLD.status = 'approved' AND NEW.status = 'candidate')",
    ),
    (
        "registry_approved_needs_approval",
        "UPDATE OF status",
        "registry_modelversion",
        "NEW.status = 'approved' AND NOT EXISTS"
        " (SELECT 1 FROM registry_approval WHERE version_id = NEW.sha256)",
    ),
    (
        "registry_version_starts_as_candidate",
        "INSERT",
        "registry_modelversion",
        "NEW.status <> 'candidate'",
    ),
    (
        "registry_approval_names_the_submitter",
        "INSERT",
        "registry_approval",
        "NEW.submitted_by_id IS DISTINCT FROM"
        " (SELECT submitted_by_id FROM registry_modelversion WHERE sha256 = NEW.version_id)",
    ),
    (
        "registry_deployment_is_fixed",
        f"UPDATE OF {DEPLOYMENT_COLUMNS}",
        "registry_deployment",
        "1 = 1",
    ),
    (
        "registry_deployment_ends_once",
        "UPDATE OF ended_at",
        "registry_deployment",
        "OLD.ended_at IS NOT NULL",
    ),
    ("registry_deployment_stays", "DELETE", "registry_deployment", "1 = 1"),
    (
        "registry_only_approved_are_deployed",
        "INSERT",
        "registry_deployment",
        "NOT EXISTS (SELECT 1 FROM registry_modelversion WHERE sha256 = NEW.version_id"
        " AND status = 'approved'"
        " AND kind = CASE NEW.role WHEN 'live' THEN 'model' ELSE NEW.role END)",
    ),
)


def forwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for name, when, table, condition in RULES:
        if editor.connection.vendor == "sqlite":
            # IS DISTINCT FROM came to SQLite with 3.39; IS NOT says the same there.
            refused = condition.replace("IS DISTINCT FROM", "IS NOT")
            editor.execute(
                f"CREATE TRIGGER {name} BEFORE {when} ON {table} WHEN {refused} "
                f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
            )
        else:
            # A condition in WHEN could not look at another table.
            editor.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {condition} THEN "
                f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation'; END IF; "
                f"RETURN {'OLD' if when == 'DELETE' else 'NEW'}; END $$"
            )
            editor.execute(
                f"CREATE TRIGGER {name} BEFORE {when} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {name}()"
            )


def backwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for name, _, table, _ in RULES:
        if editor.connection.vendor == "sqlite":
            editor.execute(f"DROP TRIGGER {name}")
        else:
            editor.execute(f"DROP TRIGGER {name} ON {table}")
            editor.execute(f"DROP FUNCTION {name}()")


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [
        migrations.RunPython(forwards, backwards),
        append_only("registry_approval", unique=["id", "version_id"]),
    ]
