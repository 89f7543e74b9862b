from django.db import migrations

from lib.append_only import append_only

# What may be erased goes only after somebody has put down that it must.
PERSON_ERASED = "EXISTS (SELECT 1 FROM ledger_erasure WHERE about = OLD.{column})"
ENTRY_ERASED = "EXISTS (SELECT 1 FROM ledger_erasure WHERE entry = OLD.entry)"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_log_tables")]

    operations = [
        append_only("ledger_leaf", unique=["index", "entry_id"]),
        append_only("ledger_node", unique=["id", ("level", "index")]),
        append_only("ledger_checkpoint", unique=["id", "size"]),
        append_only("ledger_erasure"),
        append_only(
            "ledger_opening",
            unique=["id", ("entry", "part")],
            unless=f"{PERSON_ERASED.format(column='about')} OR {ENTRY_ERASED}",
        ),
        append_only(
            "ledger_secret",
            unique=["user_id"],
            unless=PERSON_ERASED.format(column="user_id"),
        ),
    ]
