"""Every change of a business row is in the log, whichever way it came; or it does not happen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, connection
from knox.models import AuthToken

from accounts.actions import create_roles, create_token
from accounts.models import User
from accounts.roles import ROLES
from inventory.models import Category, Product
from ledger.models import Entry
from ledger.tests.telling import CATEGORY, NOW, ON_SQLITE, PRODUCT, details, refused, run, telling
from lib.ids import uuid7
from registry.models import Deployment, ModelVersion
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


# What nobody explains is told

# Each changes one row of a table behind the back of the actions, and one row only.
CHANGES: dict[str, Callable[[], object]] = {
    "save": lambda: Product.objects.get().save(),
    "update": lambda: Product.objects.update(price=1),
    "bulk_update": lambda: Product.objects.bulk_update([Product.objects.get()], ["name"]),
    "create": lambda: Product.objects.create(sku="new", **PRODUCT),
    "bulk_create": lambda: Product.objects.bulk_create([Product(sku="new", **PRODUCT)]),
    "upsert": lambda: Product.objects.bulk_create(
        [Product.objects.get()],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name"],
    ),
    "delete": lambda: Product.objects.get().delete(),
    "update by hand": lambda: run("UPDATE inventory_product SET price = 1"),
    "unnamed by hand": lambda: run("UPDATE inventory_product SET entry_id = NULL"),
    "delete by hand": lambda: run("DELETE FROM inventory_product"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_way_around_the_actions_is_silent(drill: Product, change: str) -> None:
    with telling("product.changed_outside") as told:
        CHANGES[change]()
    [entry] = told
    assert entry.actor_id is None
    row = str(entry.subject).removeprefix("product:")
    operation = details(entry)["operation"]
    assert details(entry) == {"operation": operation, "row": row, "table": "inventory_product"}
    assert (operation == "insert") == ("create" in change)
    assert (operation == "delete") == ("delete" in change)


def test_each_row_of_a_bulk_write_is_told(admin: User, drill: Product) -> None:
    more = [Product(sku=f"B-{number}", **PRODUCT) for number in range(300)]
    with telling(*["product.changed_outside"] * 300) as told:
        Product.objects.bulk_create(more)
    assert len({entry.uuid for entry in told}) == 300
    assert len({entry.subject for entry in told}) == 300
    with telling(*["product.changed_outside"] * 301):
        Product.objects.update(brand="x")
    with telling(*["product.changed_outside"] * 301):
        run("DELETE FROM inventory_product")


def new_category() -> Category:
    return Category.objects.create(name="x", path="x", **CATEGORY)


def close_live() -> None:
    now = datetime.now(UTC)
    Deployment.objects.filter(role="live").update(ended_at=now)


def retire_live() -> None:
    ModelVersion.objects.filter(deployments__role="live").update(status="retired")


def start_live() -> None:
    close_live()
    version = ModelVersion.objects.get(kind="model")
    Deployment.objects.create(
        role="live", version=version, started_at=datetime.now(UTC), started_by=User.objects.all()[0]
    )


def group() -> Group:
    return Group.objects.get(name="picker")


ADDED, DELETED = "token.row_added", "token.row_deleted"
MORE: dict[str, tuple[Callable[[], object], list[str]]] = {
    "a category appears": (new_category, ["category.changed_outside"]),
    "a category moves": (
        lambda: Category.objects.filter(path="Tools").update(name="y", path="y"),
        ["category.changed_outside"],
    ),
    "a deployment ends": (close_live, ["deployment.changed_outside"]),
    "a deployment starts": (start_live, ["deployment.changed_outside"] * 2),
    "a model is retired": (retire_live, ["model.changed_outside"]),
    "a person appears": (lambda: User.objects.create(username="x"), ["person.changed_outside"]),
    "a person goes": (
        lambda: run("DELETE FROM accounts_user WHERE username = 'gone'"),
        ["person.changed_outside"],
    ),
    "a person gets a role": (
        lambda: User.objects.get(username="gone").groups.add(group()),
        ["role.given"],
    ),
    "a person has a role already": (
        lambda: User.objects.get(username="dora").groups.add(Group.objects.get(name="auditor")),
        [],
    ),
    "a person gets another role": (
        lambda: run("UPDATE accounts_user_groups SET group_id = %s", group().pk),
        ["role.taken", "role.given"] * 2,
    ),
    "a person loses roles": (
        lambda: User.groups.through.objects.filter(user__username="dora").delete(),
        ["role.taken"],
    ),
    "a person gets a permission": (
        lambda: User.objects.get(username="gone").user_permissions.add(Permission.objects.all()[0]),
        ["permission.given"],
    ),
    "a role gets a permission": (
        lambda: group().permissions.add(Permission.objects.get(codename="delete_product")),
        ["permission.given"],
    ),
    "a role loses a permission": (
        lambda: group().permissions.remove(Permission.objects.get(codename="view_product")),
        ["permission.taken"],
    ),
    "a role gets another name": (lambda: Group.objects.filter(pk=group().pk).update(name="x"),
        ["group.row_changed"]),
    "a role appears": (lambda: Group.objects.create(name="x"), ["group.row_added"]),
    "a permission means something else": (
        lambda: Permission.objects.filter(codename="view_product").update(codename="x"),
        ["permission.row_changed"],
    ),
    "a token appears": (lambda: AuthToken.objects.create(User.objects.first()), [ADDED]),
    "a token lives longer": (
        lambda: AuthToken.objects.update(expiry=None),
        ["token.row_changed"],
    ),
    "a token goes": (lambda: AuthToken.objects.all().delete(), [DELETED]),
}  # fmt: skip


@pytest.mark.parametrize("change", MORE)
def test_every_other_table_is_told_too(
    deployed: SHA256, tools: Category, dora: User, admin: User, change: str
) -> None:
    User.objects.create(username="gone")
    create_token(user=dora, by=dora, now=NOW)
    write, kinds = MORE[change]
    with telling(*kinds):
        write()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("password", "!other"),
        ("username", "eve"),
        ("is_active", False),
        ("is_staff", True),
        ("is_superuser", True),
    ],
)
def test_what_a_person_can_sign_in_with_is_told_but_not_what_it_is(
    carla: User, column: str, value: object
) -> None:
    with telling("person.changed_outside") as told:
        User.objects.filter(pk=carla.pk).update(**{column: value})
    assert details(told[0])["columns"] == [column]
    assert b"eve" not in told[0].content()
    assert b"other" not in told[0].content()


def test_that_somebody_signed_in_is_no_change_of_a_person(carla: User) -> None:
    with telling():
        User.objects.filter(pk=carla.pk).update(last_login=NOW, is_active=True)


def test_what_a_token_is_called_is_told_even_if_it_is_no_digest(carla: User) -> None:
    with telling("token.row_added") as told:
        AuthToken.objects.bulk_create([AuthToken(digest='a"},é\n', user=carla)])
    assert told[0].subject == "token:malformed"


def test_a_start_that_changes_nothing_writes_nothing(roles: None) -> None:
    with telling():
        create_roles(roles=ROLES)


# What is refused


KEYS = {
    "inventory_product": ("id", "1000"),
    "inventory_category": ("id", "1000"),
    "accounts_user": ("id", "1000"),
    "registry_deployment": ("id", "1000"),
    "registry_modelversion": ("sha256", "'" + "0" * 64 + "'"),
    "accounts_user_groups": ("id", "1000"),
    "auth_group": ("id", "1000"),
    "knox_authtoken": ("digest", "'00'"),
}


@pytest.mark.parametrize("table", KEYS)
def test_a_row_keeps_its_key(deployed: SHA256, drill: Product, admin: User, table: str) -> None:
    create_token(user=admin, by=admin, now=NOW)
    column, value = KEYS[table]
    with refused("keeps its keys|is_fixed"):
        run(
            f"UPDATE {table} SET {column} = {value}"
            f" WHERE {column} = (SELECT min({column}) FROM {table})"
        )


@pytest.mark.skipif(ON_SQLITE, reason="only PostgreSQL has TRUNCATE and COPY")
class TestOnPostgreSQL:
    @pytest.mark.parametrize(
        "table",
        [
            *KEYS,
            "accounts_user_user_permissions",
            "auth_group_permissions",
            "auth_permission",
            "registry_approval",
            "predictions_prediction",
        ],
    )
    def test_no_table_is_emptied_at_once(self, db: None, table: str) -> None:
        with refused("cannot be emptied|append-only"):
            run(f"TRUNCATE {table} CASCADE")

    def test_what_is_copied_in_is_told(self, drill: Product) -> None:
        with (
            telling("group.row_added"),
            connection.cursor() as cursor,
            cursor.copy("COPY auth_group (name) FROM STDIN") as copy,
        ):
            copy.write_row(["copied"])

    def test_a_temporary_table_is_not_taken_for_another(
        self, deployed: SHA256, admin: User
    ) -> None:
        version = ModelVersion.objects.create(
            sha256="f" * 64,
            kind="model",
            card="{}",
            dataset_sha256="0" * 64,
            bytes=1,
            golden="{}",
            submitted_by=admin,
            submitted_at=NOW,
        )
        run("CREATE TEMPORARY TABLE registry_approval (version_id text)")
        run("INSERT INTO pg_temp.registry_approval VALUES (%s)", version.pk)
        with refused("approved_needs_approval"):
            run("UPDATE registry_modelversion SET status = 'approved'")
        run("DROP TABLE pg_temp.registry_approval")

    def test_a_temporary_table_is_not_taken_for_the_log(self, drill: Product) -> None:
        run("CREATE TEMPORARY TABLE ledger_entry (LIKE public.ledger_entry INCLUDING ALL)")
        run("UPDATE inventory_product SET price = 1")
        run("DROP TABLE pg_temp.ledger_entry")
        assert Entry.objects.filter(kind="product.changed_outside").exists()


REPLACING = {
    "a product by its SKU": (
        "INSERT OR REPLACE INTO inventory_product (sku, name, description, brand, search_text,"
        " category_source, version, created_at, updated_at)"
        " VALUES ('D-1', 'n', '', '', '', '', 1, '2026-01-01', '2026-01-01')"
    ),
    "another product": "UPDATE OR REPLACE inventory_product SET sku = 'D-1' WHERE sku = 'D-2'",
    "a category by its path": (
        "INSERT OR REPLACE INTO inventory_category (name, path, search_text, version, created_at,"
        " updated_at) VALUES ('x', 'Tools', '', 1, '2026-01-01', '2026-01-01')"
    ),
    "a person by their name": "UPDATE OR REPLACE accounts_user SET username = 'admin'"
    " WHERE username = 'dora'",
    "a role of somebody": "INSERT OR REPLACE INTO accounts_user_groups (id, user_id, group_id)"
    " SELECT min(id), max(user_id), max(group_id) FROM accounts_user_groups",
    "what is deployed": "INSERT OR REPLACE INTO registry_deployment (role, version_id, started_at,"
    " started_by_id) SELECT role, version_id, '2030-01-01', started_by_id FROM registry_deployment",
    "a model": "INSERT OR REPLACE INTO registry_modelversion (sha256, kind, card, dataset_sha256,"
    " bytes, golden, status, submitted_by_id, submitted_at) SELECT sha256, kind, '{}',"
    " dataset_sha256, bytes, golden, 'candidate', submitted_by_id, submitted_at"
    " FROM registry_modelversion",
}


@pytest.mark.skipif(not ON_SQLITE, reason="only SQLite has OR REPLACE")
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize("replaced", REPLACING)
def test_nothing_is_replaced(
    deployed: SHA256, drill: Product, dora: User, replaced: str, recursive: str
) -> None:
    Product.objects.create(sku="D-2", **PRODUCT)
    # A connection that is not ours has not switched recursive_triggers on.
    run(f"PRAGMA recursive_triggers={recursive}")
    with refused("UNIQUE constraint failed"):
        run(REPLACING[replaced])
    run("PRAGMA recursive_triggers=ON")


@pytest.mark.skipif(not ON_SQLITE, reason="only SQLite has OR REPLACE")
def test_the_same_product_written_over_is_told(drill: Product) -> None:
    columns = ", ".join(field.attname for field in Product._meta.concrete_fields)
    run("PRAGMA recursive_triggers=OFF")
    with telling("product.changed_outside"):
        run(
            f"INSERT OR REPLACE INTO inventory_product ({columns})"
            f" SELECT {columns.replace('entry_id', 'NULL')} FROM inventory_product"
        )
    run("PRAGMA recursive_triggers=ON")


@pytest.mark.skipif(not ON_SQLITE, reason="PostgreSQL always checks")
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_checks_no_foreign_keys_cannot_explain_anything(drill: Product) -> None:
    run("PRAGMA foreign_keys=OFF")
    try:
        run("UPDATE inventory_product SET price = 1, entry_id = %s", uuid7().hex)
        assert Entry.objects.filter(kind="product.changed_outside").count() == 1
        with pytest.raises(IntegrityError, match="needs_entry"):
            run(
                "INSERT INTO registry_approval (version_id, submitted_by_id, approved_by_id,"
                " approved_at, reason, is_seed, entry_id)"
                " VALUES ('x', 1, 2, '2026-01-01', 'x', 0, %s)",
                uuid7().hex,
            )
        run("UPDATE inventory_product SET entry_id = NULL")
    finally:
        run("PRAGMA foreign_keys=ON")
