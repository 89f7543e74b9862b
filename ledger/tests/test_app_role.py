"""The role that the server uses on PostgreSQL can add to what is append-only, and no more."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from accounts.models import User
from config.tests.test_architecture import APPEND_ONLY
from ledger.actions import record
from ledger.models import Entry
from lib.ids import uuid7

ROLE = "shelfmark_test_app"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
# As the names of tables that Django makes of models' labels.
GUARDED = sorted(label.lower().replace(".", "_") for label in APPEND_ONLY)

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor == "postgresql", reason="about another database")
def test_another_database_is_refused_with_a_sentence() -> None:
    with pytest.raises(CommandError, match="Only PostgreSQL has roles"):
        call_command("grant_app_role", ROLE)


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def role(db: None) -> Iterator[str]:
    # Rolled back with the test, as everything that it is granted.
    run(f"CREATE ROLE {ROLE} LOGIN")
    yield ROLE


def grant(role: str = ROLE) -> str:
    out = io.StringIO()
    call_command("grant_app_role", role, stdout=out)
    return out.getvalue()


def may(role: str, table: str) -> set[str]:
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT right_ FROM unnest(%s::text[]) AS right_"
            " WHERE has_table_privilege(%s, %s, right_)",
            [list(rights), role, table],
        )
        return {row[0] for row in cursor.fetchall()}


def refused(sql: str) -> None:
    run(f"SET LOCAL ROLE {ROLE}")
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
    ):
        run(sql)
    run("RESET ROLE")


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="roles are PostgreSQL's")
class TestOnPostgreSQL:
    def test_it_may_only_add_to_what_is_append_only(self, role: str) -> None:
        said = grant()
        for table in GUARDED:
            assert may(role, table) == {"SELECT", "INSERT"}, table
            assert table in said

    def test_it_may_write_every_other_table(self, role: str) -> None:
        grant()
        others = set(connection.introspection.table_names()) - {*GUARDED, "django_migrations"}
        assert "inventory_product" in others
        for table in others:
            assert may(role, table) == {"SELECT", "INSERT", "UPDATE", "DELETE"}, table

    def test_it_may_not_say_which_migrations_ran(self, role: str) -> None:
        grant()
        assert may(role, "django_migrations") == {"SELECT"}

    @pytest.mark.parametrize(
        "attack",
        [
            "UPDATE ledger_entry SET actor_id = 8",
            "DELETE FROM predictions_prediction",
            "TRUNCATE registry_approval",
            "TRUNCATE inventory_product",
            "ALTER TABLE inventory_product DISABLE TRIGGER USER",
            "DROP TRIGGER inventory_product_told ON inventory_product",
            "CREATE OR REPLACE FUNCTION inventory_product_told() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN NULL; END $$",
            "DELETE FROM ledger_opening",
            "DELETE FROM ledger_secret",
            "SET session_replication_role = replica",
            "ALTER TABLE ledger_entry DISABLE TRIGGER USER",
            "DROP TRIGGER ledger_entry_no_change ON ledger_entry",
            "CREATE OR REPLACE FUNCTION shelfmark_append_only() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN NEW; END $$",
            "DROP TABLE predictions_review",
            "CREATE TABLE public.mine (id int)",
            "INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'y', now())",
        ],
    )
    def test_it_cannot_take_the_triggers_away(self, role: str, attack: str) -> None:
        grant()
        refused(attack)

    def test_a_table_of_a_later_migration_is_closed_until_the_next_grant(self, role: str) -> None:
        grant()
        run("CREATE TABLE later (id int)")
        assert may(role, "later") == set()
        grant()
        assert may(role, "later") == {"SELECT", "INSERT", "UPDATE", "DELETE"}

    def test_what_became_append_only_is_taken_back(self, role: str) -> None:
        run("CREATE TABLE later (id int)")
        grant()
        run(
            "CREATE TRIGGER later_no_change BEFORE UPDATE OR DELETE ON later"
            " FOR EACH ROW EXECUTE FUNCTION shelfmark_append_only()"
        )
        grant()
        assert may(role, "later") == {"SELECT", "INSERT"}

    @pytest.mark.parametrize(
        "more",
        [
            "ALTER ROLE {role} SUPERUSER",
            "GRANT {owner} TO {role}",
            "GRANT UPDATE (actor_id) ON ledger_entry TO PUBLIC",
            "GRANT TRUNCATE ON ledger_entry TO PUBLIC",
            "GRANT pg_write_all_data TO {role}",
        ],
    )
    def test_rights_from_elsewhere_are_noticed(self, role: str, more: str) -> None:
        run(more.format(role=role, owner=connection.settings_dict["USER"]))
        before = may(role, "inventory_product")
        with pytest.raises(CommandError, match="rights from elsewhere"):
            grant()
        assert may(role, "inventory_product") == before

    def test_a_role_that_does_not_exist_is_named(self, db: None) -> None:
        with pytest.raises(CommandError, match="There is no role nobody_here"):
            grant("nobody_here")

    def test_what_it_writes_is_told_or_explained(self, role: str) -> None:
        grant()
        entry = uuid7()
        run(f"SET LOCAL ROLE {ROLE}")
        run("INSERT INTO auth_group (name) VALUES ('x')")
        User.objects.create(username="x", entry_id=entry)
        record("person.created", actor=None, subject="user:1", now=NOW, uuid=entry)
        connection.check_constraints()
        run("RESET ROLE")
        kinds = Entry.objects.order_by("pk").values_list("kind", flat=True)
        assert list(kinds) == ["group.row_added", "person.created"]
