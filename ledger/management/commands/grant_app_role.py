"""`manage.py grant_app_role ROLE`: what the server's database role may do, table by table."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from psycopg import sql

# lib/append_only.py gives each append-only table triggers that call this function.
_APPEND_ONLY = """
    SELECT DISTINCT relname FROM pg_trigger
    JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_class ON pg_class.oid = tgrelid
    WHERE proname = 'shelfmark_append_only' ORDER BY relname
"""
# By whatever way: as a superuser, a member of another role, or because everybody may.
_CAN_STILL_CHANGE = """
    SELECT pg_has_role(%(role)s, current_user, 'MEMBER') OR EXISTS (
        SELECT FROM unnest(%(tables)s::text[]) AS name
        WHERE has_table_privilege(%(role)s, quote_ident(name), 'UPDATE, DELETE, TRUNCATE')
           OR has_any_column_privilege(%(role)s, quote_ident(name), 'UPDATE')
    )
"""


class Command(BaseCommand):
    help = (
        "Let ROLE, which must not own the tables, read and write them, but only add to those "
        "that are append-only. PostgreSQL only. Run it as the owner after every migrate."
    )
    # It runs between two releases, when a model's file may not be there yet.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="the role in the DATABASE_URL of server and job runner")

    def handle(self, *, role: str, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles, and DATABASE_URL names something else.")
        # All or nothing: a server that runs meanwhile never meets a table that it may not read.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
            if not cursor.fetchall():
                raise CommandError(f"There is no role {role}. Make it with CREATE ROLE … LOGIN.")
            cursor.execute(_APPEND_ONLY)
            guarded = [row[0] for row in cursor.fetchall()]
            tables = connection.introspection.table_names(cursor)
            for statement in _statements(role=role, tables=tables, guarded=guarded):
                cursor.execute(statement)
            cursor.execute(_CAN_STILL_CHANGE, {"role": role, "tables": guarded})
            if cursor.fetchone() != (False,):
                raise CommandError(
                    f"{role} has rights from elsewhere that cannot be taken from it here: it is a "
                    "superuser, owns the tables or is a member of a role that does. Nothing "
                    "was changed; use another role."
                )
        if options["verbosity"]:
            self.stdout.write(
                f"{role} may use {len(tables)} tables, and only add to {', '.join(guarded)}."
            )


def _statements(*, role: str, tables: list[str], guarded: list[str]) -> list[sql.Composed]:
    templates = [
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
        "GRANT USAGE ON SCHEMA public TO {role}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
    ]
    name = sql.Identifier(role)
    made = [sql.SQL(template).format(role=name) for template in templates]
    for table in tables:
        if table == "django_migrations":  # the owner's own bookkeeping
            continue
        rights = "INSERT" if table in guarded else "INSERT, UPDATE, DELETE"
        made.append(
            sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), sql.Identifier(table), name)
        )
    return made
