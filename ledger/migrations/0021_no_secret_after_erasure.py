from django.db import migrations

from lib.triggers import Statements, operation

NAME = "ledger_secret_not_after_erasure"
ERASED = "EXISTS (SELECT 1 FROM {}ledger_erasure WHERE about = NEW.user_id)"


class Migration(migrations.Migration):
    """Whoever was erased gets no other secret: the entries from before would contradict it."""

    dependencies = [("ledger", "0020_verifications")]

    operations = [
        operation(
            sqlite=Statements(
                [
                    f"CREATE TRIGGER {NAME} BEFORE INSERT ON ledger_secret "
                    f"WHEN {ERASED.format('')} BEGIN SELECT RAISE(ABORT, '{NAME}'); END"
                ],
                [f"DROP TRIGGER {NAME}"],
            ),
            postgresql=Statements(
                [
                    f"CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    f"IF {ERASED.format('public.')} THEN RAISE EXCEPTION '{NAME}' "
                    "USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
                    f"CREATE TRIGGER {NAME} BEFORE INSERT ON ledger_secret "
                    f"FOR EACH ROW EXECUTE FUNCTION {NAME}()",
                ],
                [f"DROP TRIGGER {NAME} ON ledger_secret", f"DROP FUNCTION {NAME}()"],
            ),
        )
    ]
