"""No holes: triggers that see to it that every change of a business row is in the log.

A guarded table has a column `entry`, the uuid of the entry that tells of the row's last change. A
write is explained when it names an entry that is not written yet: the foreign key, checked at the
commit, then makes sure that the entry comes in the same transaction. So no entry can explain what
another transaction does. What is not explained is told by the trigger itself, in an entry that
says which row changed and how. ORM, bulk writes, upserts, COPY and SQL by hand are all the same to
a trigger.

Triggers bind everybody who can only reach the database through a connection. Its owner can drop
them, which `missing` notices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.migrations.operations import RunPython

from lib.triggers import Statements, missing, operation

__all__ = ["Key", "guarded", "missing", "needs_entry", "needs_new_entry", "told"]

OPERATIONS = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Key:
    """A column whose value is told: a whole number, or the first so many digits of a digest."""

    column: str = "id"
    digits: int | None = None

    def of(self, row: str) -> str:
        """Return SQL for the text of it in OLD or NEW that can stand in JSON as it is."""
        if self.digits is None:
            # SQLite would keep any text in a column of numbers.
            return f"CAST(CAST({row}.{self.column} AS bigint) AS text)"
        text = f"substr(CAST({row}.{self.column} AS text), 1, {self.digits})"
        return f"CASE trim({text}, '0123456789abcdef') WHEN '' THEN {text} ELSE 'malformed' END"


@dataclass(frozen=True, slots=True)
class Guard:
    """What is told of the rows of one table, or refused."""

    table: str
    # Of INSERT, UPDATE and DELETE. An UPDATE without a kind is told as a DELETE and an INSERT.
    kinds: Mapping[str, str]
    subject: str
    about: Key
    row: Key
    more: Mapping[str, Key] = field(default_factory=dict)
    columns: Sequence[str] = ()
    unique: Sequence[str] = ()
    has_entry: bool = False
    deleted: str = ""
    is_upserted: bool = False

    def tell(self, done: str, row: str, kind: str) -> tuple[str, str, str]:
        """Return SQL for the kind, the subject and the canonical JSON of the details."""
        details = {name: f"\"' || {key.of(row)} || '\"" for name, key in self.more.items()}
        details["operation"] = f'"{done.lower()}"'
        details["row"] = f"\"' || {self.row.of(row)} || '\""
        details["table"] = f'"{self.table}"'
        if self.columns and done == "UPDATE":
            names = " || ".join(
                f"CASE WHEN {_differ(name)} THEN ',\"{name}\"' ELSE '' END" for name in self.columns
            )
            details["columns"] = f"[' || substr({names}, 2) || ']"
        inside = ",".join(f'"{name}":{details[name]}' for name in sorted(details))
        return f"'{kind}'", f"'{self.subject}' || {self.about.of(row)}", f"'{{{inside}}}'"

    def told(self, done: str) -> list[tuple[str, str, str]]:
        """Return what to tell when this is done to a row; nothing if nobody cares."""
        if done in self.kinds:
            return [self.tell(done, "OLD" if done == "DELETE" else "NEW", self.kinds[done])]
        if done == "UPDATE" and len(self.kinds) == 2:
            return [
                self.tell(done, "OLD", self.kinds["DELETE"]),
                self.tell(done, "NEW", self.kinds["INSERT"]),
            ]
        return []

    def matters(self) -> str:
        """Return the condition that an UPDATE changes anything that is told."""
        names = [*self.columns, *(["entry_id"] if self.has_entry else [])]
        return " OR ".join(map(_differ, names))


def _differ(column: str) -> str:
    return f'OLD."{column}" IS DISTINCT FROM NEW."{column}"'


def guarded(
    table: str,
    noun: str,
    *,
    subject: str = "",
    about: Key | None = None,
    row: Key | None = None,
    columns: Sequence[str] = (),
    unique: Sequence[str] = (),
    is_deleted: bool = False,
    is_upserted: bool = False,
) -> RunPython:
    """Return the migration operation that guards a table with a column `entry`.

    `subject` and `about` make the subject that the app's own entries have, `row` is the primary
    key. With `columns`, only changes of these are told, and which of them they are. `unique` lists
    what no two rows may share beside the key, as conditions on NEW: SQLite's OR REPLACE would
    delete the other row without a word. `is_upserted` if INSERT may meet its own row. With
    `is_deleted`, a DELETE is explained by an entry of the kind `<noun>.deleted` about the row,
    written before and named in it.
    """
    row = row or Key()
    return _operation(
        Guard(
            table,
            dict.fromkeys(OPERATIONS, f"{noun}.changed_outside"),
            subject,
            about or row,
            row,
            columns=columns,
            unique=unique,
            has_entry=True,
            deleted=f"{noun}.deleted" if is_deleted else "",
            is_upserted=is_upserted,
        )
    )


def told(
    table: str,
    kinds: Mapping[str, str],
    *,
    subject: str,
    about: Key | None = None,
    row: Key | None = None,
    more: Mapping[str, Key] | None = None,
    columns: Sequence[str] = (),
) -> RunPython:
    """Return the migration operation that tells every change of a table that is not ours.

    It has no column for an entry, so what an action does is told twice: by the action, which knows
    who did it, and by the trigger. `kinds` are those of INSERT, UPDATE and DELETE; `more` is told
    beside the key.
    """
    row = row or Key()
    return _operation(Guard(table, kinds, subject, about or row, row, more or {}, columns))


def needs_entry(table: str, *, column: str = "id") -> RunPython:
    """Return the migration operation by which a row is only taken after the entry that it names.

    For append-only tables whose rows name entries of their own in a unique column.
    """
    written = f"EXISTS (SELECT 1 FROM {{}}ledger_entry WHERE uuid = NEW.{column})"
    return _refusal(table, written, written)


def needs_new_entry(table: str) -> RunPython:
    """Return the migration operation by which an INSERT is explained, as above, or refused.

    For append-only tables with a column `entry`.
    """
    return _refusal(
        table,
        f"NOT {_NO_EXPLANATION}",
        f"NEW.entry_id IS NOT NULL AND NOT {_IS_WRITTEN.format('public.')}",
    )


def _refusal(table: str, sqlite: str, postgresql: str) -> RunPython:
    name = f"{table}_needs_entry"
    return operation(
        sqlite=Statements(
            [
                f'CREATE TRIGGER {name} BEFORE INSERT ON "{table}" '
                f"WHEN NOT ({sqlite.format('')}) BEGIN SELECT RAISE(ABORT, '{name}'); END"
            ],
            [f"DROP TRIGGER {name}"],
        ),
        postgresql=Statements(
            [
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {postgresql.format('public.')} THEN RETURN NEW; END IF; "
                f"RAISE EXCEPTION '{name}' USING ERRCODE = 'restrict_violation'; END $$",
                f'CREATE TRIGGER {name} BEFORE INSERT ON "{table}" '
                f"FOR EACH ROW EXECUTE FUNCTION {name}()",
            ],
            [f'DROP TRIGGER {name} ON "{table}"', f"DROP FUNCTION {name}()"],
        ),
    )


def _operation(guard: Guard) -> RunPython:
    return operation(sqlite=_sqlite(guard), postgresql=_postgresql(guard))


# SQLite

_IS_WRITTEN = "EXISTS (SELECT 1 FROM {}ledger_entry WHERE uuid = NEW.entry_id)"
# A connection that does not check foreign keys could name an entry that never comes.
_NO_EXPLANATION = (
    f"(NEW.entry_id IS NULL OR {_IS_WRITTEN.format('')}"
    " OR NOT (SELECT foreign_keys FROM pragma_foreign_keys))"
)
# An aggregate, because SQLite could otherwise draw another random number for each place in which
# one is used. RFC 9562 version 4.
_SQLITE_TELL = """
    INSERT INTO ledger_entry (uuid, kind, subject, actor_id, at, body)
    SELECT hex, {kind}, {subject}, NULL, at, CAST(
        '{{"actor":null,"at":"' || replace(at, ' ', 'T') || 'Z","details":' || {details}
        || ',"format":"shelfmark-entry/2","id":"' || substr(hex, 1, 8) || '-' || substr(hex, 9, 4)
        || '-' || substr(hex, 13, 4) || '-' || substr(hex, 17, 4) || '-' || substr(hex, 21)
        || '","kind":"' || {kind} || '","private":null,"subject":"' || {subject} || '"}}' AS BLOB)
    FROM (
        SELECT max(lower(hex(randomblob(6))) || '4' || substr(lower(hex(randomblob(2))), 2)
            || '8' || substr(lower(hex(randomblob(8))), 2)) AS hex,
            max(strftime('%Y-%m-%d %H:%M:%f000', 'now')) AS at
    );"""


def _sqlite(guard: Guard) -> Statements:
    table, key = guard.table, f'"{guard.row.column}"'
    made = [_sqlite_no_replace(guard)]
    collides = _collides(guard, f"{key} IS NOT OLD.{key}")
    made.append(
        f'CREATE TRIGGER {table}_keeps_key BEFORE UPDATE ON "{table}" '
        f"WHEN OLD.{key} IS NOT NEW.{key}{collides} BEGIN "
        f"SELECT RAISE(ABORT, 'UNIQUE constraint failed: {table} keeps its keys'); END"
    )
    for done in OPERATIONS:
        if not guard.told(done):
            continue
        made.append(
            f'CREATE TRIGGER {table}_told_{done.lower()} AFTER {done} ON "{table}" '
            f"{_sqlite_when(guard, done)}BEGIN {_sqlite_refuse(guard, done)}"
            + "".join(
                _SQLITE_TELL.format(kind=kind, subject=subject, details=details)
                for kind, subject, details in guard.told(done)
            )
            + " END"
        )
    # Came to SQLite with 3.39; IS and IS NOT say the same there.
    made = [one.replace("IS DISTINCT FROM", "IS NOT") for one in made]
    return Statements(made, [f"DROP TRIGGER {one.split()[2]}" for one in made])


def _collides(guard: Guard, other: str) -> str:
    return "".join(
        f' OR EXISTS (SELECT 1 FROM "{guard.table}" WHERE {condition} AND {other})'
        for condition in guard.unique
    )


def _sqlite_no_replace(guard: Guard) -> str:
    table, key = guard.table, f'"{guard.row.column}"'
    same = f'EXISTS (SELECT 1 FROM "{table}" WHERE {key} = NEW.{key})'
    return (
        f'CREATE TRIGGER {table}_no_replace BEFORE INSERT ON "{table}" '
        f"WHEN {'0' if guard.is_upserted else same}{_collides(guard, f'{key} IS NOT NEW.{key}')} "
        f"BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {table}'); END"
    )


def _sqlite_when(guard: Guard, done: str) -> str:
    conditions = []
    if guard.has_entry and done != "DELETE":
        conditions.append(_NO_EXPLANATION)
    if done == "UPDATE" and guard.columns:
        conditions.append(f"({guard.matters()})")
    if done == "DELETE" and guard.deleted:
        conditions.append(f"NOT {_deleted(guard, '')}")
    return f"WHEN {' AND '.join(conditions)} " if conditions else ""


def _deleted(guard: Guard, schema: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM {schema}ledger_entry WHERE uuid = OLD.entry_id AND "
        f"kind = '{guard.deleted}' AND subject = '{guard.subject}' || {guard.about.of('OLD')})"
    )


def _sqlite_refuse(guard: Guard, done: str) -> str:
    if not guard.has_entry or done == "DELETE":
        return ""
    is_new = "NEW.entry_id IS NOT OLD.entry_id AND " if done == "UPDATE" else ""
    return (
        f"SELECT RAISE(ABORT, '{guard.table}: this entry tells of something else') "
        f"WHERE {is_new}{_IS_WRITTEN.format('')};"
    )


# PostgreSQL. Temporary tables come before all others, so what is named without its schema could be
# anybody's.

_POSTGRESQL_SHARED = (
    """CREATE OR REPLACE FUNCTION shelfmark_tell(kind text, subject text, details text)
    RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        told uuid := gen_random_uuid();
        moment timestamptz := clock_timestamp();
    BEGIN
        INSERT INTO public.ledger_entry (uuid, kind, subject, actor_id, at, body) VALUES (
            told, $1, $2, NULL, moment, convert_to(
                '{"actor":null,"at":"'
                || to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
                || 'Z","details":' || $3 || ',"format":"shelfmark-entry/2","id":"' || told
                || '","kind":"' || $1 || '","private":null,"subject":"' || $2 || '"}', 'UTF8'));
    END $$""",
    """CREATE OR REPLACE FUNCTION shelfmark_no_truncate() RETURNS trigger LANGUAGE plpgsql AS """
    """$$ BEGIN RAISE EXCEPTION '% cannot be emptied at once', TG_TABLE_NAME """
    """USING ERRCODE = 'restrict_violation'; END $$""",
)


def _postgresql(guard: Guard) -> Statements:
    table = guard.table
    done = [one for one in OPERATIONS if guard.told(one)]
    body = "".join(
        f" IF TG_OP = '{one}' THEN{_explained(guard, one)}"
        + "".join(
            f" PERFORM public.shelfmark_tell({kind}, {subject}, {details});"
            for kind, subject, details in guard.told(one)
        )
        + " END IF;"
        for one in done
    )
    return Statements(
        [
            *_POSTGRESQL_SHARED,
            f"CREATE FUNCTION {table}_told() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN{body} RETURN NULL; END $$",
            f'CREATE TRIGGER {table}_told AFTER {" OR ".join(done)} ON "{table}" '
            f"FOR EACH ROW EXECUTE FUNCTION {table}_told()",
            f'CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION shelfmark_no_truncate()",
        ],
        [
            f'DROP TRIGGER {table}_no_truncate ON "{table}"',
            f'DROP TRIGGER {table}_told ON "{table}"',
            f"DROP FUNCTION {table}_told()",
        ],
    )


def _explained(guard: Guard, done: str) -> str:
    """Return what returns if this needs no telling, and raises if it may not be."""
    steps = []
    key = f'"{guard.row.column}"'
    if done == "UPDATE":
        steps.append(_raise_if(f"NEW.{key} IS DISTINCT FROM OLD.{key}", guard, "keeps its keys"))
    if guard.has_entry and done != "DELETE":
        is_written = _IS_WRITTEN.format("public.")
        steps.append("IF NEW.entry_id IS NOT NULL THEN")
        steps.append(f"IF NOT {is_written} THEN RETURN NULL; END IF;")
        is_new = "NEW.entry_id IS DISTINCT FROM OLD.entry_id" if done == "UPDATE" else "TRUE"
        steps.append(_raise_if(is_new, guard, "this entry tells of something else") + " END IF;")
    if done == "UPDATE" and guard.columns:
        steps.append(f"IF NOT ({guard.matters()}) THEN RETURN NULL; END IF;")
    if done == "DELETE" and guard.deleted:
        steps.append(f"IF {_deleted(guard, 'public.')} THEN RETURN NULL; END IF;")
    return "".join(f" {step}" for step in steps)


def _raise_if(condition: str, guard: Guard, why: str) -> str:
    return (
        f"IF {condition} THEN RAISE EXCEPTION '{guard.table}: {why}' "
        "USING ERRCODE = 'restrict_violation'; END IF;"
    )
