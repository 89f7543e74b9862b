"""The rules of the house that no linter knows, read from the syntax trees and the URL table."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import URLResolver, get_resolver
from rest_framework.permissions import AllowAny

ROOT: Path = settings.BASE_DIR
APPS = ("accounts", "inventory", "jobs", "ledger", "predictions", "registry", "sync")
WEB = (*APPS, "config", "lib")

# Every table of ours. Whoever adds a model decides here which of the two it is.
MUTABLE = {
    "accounts.IdempotencyKey",
    "accounts.SignInAttempts",
    "accounts.Tablet",
    "accounts.User",
    "inventory.Category",
    "inventory.Product",
    "inventory.Taxonomy",
    "jobs.Job",
    "ledger.Position",
    "predictions.ReplayRun",
    "registry.Deployment",
    "registry.ModelVersion",
    "sync.Epoch",
    "sync.Touched",
}
APPEND_ONLY = {
    "accounts.TabletReport",
    "ledger.Checkpoint",
    "ledger.CheckpointSent",
    "ledger.Cosignature",
    "ledger.Entry",
    "ledger.Erasure",
    "ledger.Leaf",
    "ledger.LogKey",
    "ledger.Node",
    "ledger.Opening",
    "ledger.Pruning",
    "ledger.Secret",
    "ledger.Verification",
    "predictions.Doubt",
    "predictions.Prediction",
    "predictions.Recall",
    "predictions.ReplayFinding",
    "predictions.Requeued",
    "predictions.Review",
    "predictions.Skip",
    "registry.Approval",
    "sync.Change",
}

# What anybody may see without signing in, and why that is right.
PUBLIC = {
    "": "the front door; it shows nothing but the way in",
    "api/v1/session": "says who is asking, and to a stranger: nobody",
    "tablet/": "the same bytes for everybody; what belongs to a person comes from the API",
    "tablet/<path:place>": "the same page, whose script reads the address",
    "sw.js": "a script that says nothing about anybody",
    "manifest.webmanifest": "names and pictures for an installed tablet",
    "offline": "says that there is no connection",
    "sign-in": "where one signs in",
    "sign-out": "ends a session and shows nothing",
    "admin/": "shows its own sign-in page to strangers; Django guards every page behind it",
    "ledger/checkpoint": "a signed digest of the whole log, made to be kept by strangers",
    "ledger/tile/<path:path>": "hashes; the view refuses strangers the entries below them",
    "api/v1/ledger/consistency": "hashes, with which a stranger checks that nothing was changed",
    "api/v1/ledger/key": "the public half of the key that signs the log",
    "api/schema/": "describes the API, not its data",
    "api/docs/": "describes the API, not its data",
    "healthz": "asked by machines that have no account",
    "readyz": "asked by machines that have no account",
}

# save() and delete() of a row, update() of a query, and everything a manager can write with.
_WRITES = re.compile(r"a?(save|create|get_or_create|update_or_create|bulk_create|bulk_update)")
_SQL_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|TRUNCATE)\b", re.IGNORECASE)
_READS_CLOCK = {"now", "utcnow", "today", "time", "time_ns"}
_LOADS_CODE = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "skops"}
_VAGUE = {"utils", "util", "helpers", "helper", "common", "core", "services", "managers", "misc"}


def python_files(*folders: str) -> list[Path]:
    return sorted(
        path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py")
    )


def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def where(path: Path, node: ast.expr) -> str:
    return f"{path}:{node.lineno}: {ast.unparse(node)[:90]}"


def is_write(call: ast.Call) -> bool:
    """Whether this call writes to the database, as far as its shape tells.

    dict.update, set.update and hashlib's update take a positional argument, a picture's save
    takes a file, and a cache's delete a key; a row's save and a query's update take keywords
    only, and a query's delete nothing.
    """
    name = method(call)
    if name == "save" and call.args:
        return False
    if _WRITES.fullmatch(name):
        return True
    if name in ("update", "aupdate"):
        return not call.args and bool(call.keywords)
    if name in ("delete", "adelete"):
        return not call.args and not call.keywords
    if name in ("execute", "executemany") and call.args:
        text = call.args[0]
        return (
            isinstance(text, ast.Constant)
            and isinstance(text.value, str)
            and bool(_SQL_WRITES.match(text.value))
        )
    return False


def is_action(path: Path) -> bool:
    """Whether this is an app's actions.py, or part of a package of that name."""
    return path.name == "actions.py" or path.parent.name == "actions"


def test_only_actions_write() -> None:
    may_write = {"tests", "migrations"}
    found = [
        where(path, call)
        for path in python_files(*APPS, "config")
        if not is_action(path) and not may_write & set(path.parts)
        for call in calls(path)
        if is_write(call)
    ]
    assert not found, "Move these writes into an action:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("code", "writes"),
    [
        ("product.save(update_fields=['name'])", True),
        ("Product.objects.filter(pk=1).update(name='x')", True),
        ("Product.objects.bulk_create(rows)", True),
        ("product.delete()", True),
        ("await product.asave()", True),
        ("cursor.execute('INSERT INTO t VALUES (1)')", True),
        ("headers.update({'a': 'b'})", False),
        ("digest.update(b'x')", False),
        ("cache.delete('key')", False),
        ("cursor.execute('SELECT 1')", False),
        ("picture.save(file, kind='svg')", False),
    ],
)
def test_the_search_for_writes_tells_a_query_from_a_dictionary(code: str, writes: bool) -> None:
    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    assert any(map(is_write, found)) is writes


def test_save_names_its_fields_unless_it_creates() -> None:
    found = [
        where(path, call)
        for path in python_files(*APPS)
        if is_action(path)
        for call in calls(path)
        if method(call) in ("save", "asave")
        if not {"update_fields", "force_insert"} & {word.arg for word in call.keywords}
    ]
    assert not found, "Add update_fields=[…]:\n" + "\n".join(found)


def test_actions_and_models_do_not_read_the_clock() -> None:
    found = [
        where(path, call)
        for path in python_files(*APPS)
        if is_action(path) or path.name == "models.py"
        for call in calls(path)
        if method(call) in _READS_CLOCK
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in ("clock", "date", "datetime", "time", "timezone")
    ]
    assert not found, "Take the moment as now=:\n" + "\n".join(found)


def test_actions_take_keywords() -> None:
    # The kind of an entry reads like a verb: record("model.approved", …).
    allowed = {
        ("ledger", name)
        for name in ("record", "build", "record_many", "commitment_to", "secret_of")
    }
    found = [
        f"{path}:{node.lineno}: {node.name}"
        for path in python_files(*APPS)
        if is_action(path)
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if (node.args.args or node.args.posonlyargs) and (path.parts[0], node.name) not in allowed
    ]
    assert not found, "Put a * before the arguments:\n" + "\n".join(found)


def test_every_model_is_listed_as_mutable_or_append_only() -> None:
    ours = {model._meta.label for name in APPS for model in apps.get_app_config(name).get_models()}
    assert not MUTABLE & APPEND_ONLY
    assert ours == MUTABLE | APPEND_ONLY


@pytest.mark.django_db
@pytest.mark.parametrize("label", sorted(APPEND_ONLY))
def test_the_database_itself_guards_what_is_append_only(label: str) -> None:
    table = apps.get_model(label)._meta.db_table
    if connection.vendor == "sqlite":
        query = "SELECT upper(sql) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    else:
        query = (
            "SELECT upper(pg_get_triggerdef(oid)) FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgrelid = %s::regclass"
        )
    with connection.cursor() as cursor:
        cursor.execute(query, [table])
        guards = " ".join(row[0] for row in cursor.fetchall())
    assert "UPDATE" in guards
    assert "DELETE" in guards


def patterns(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield every path with its view; what Django's admin holds counts as one."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver) and entry.namespace != "admin":
            yield from patterns(entry, route)
        else:
            yield route, entry.callback


def example(route: str) -> str:
    """Return an address that this route matches."""
    route = re.sub(r"\(\?P<\w+>\[0-9a-f\]\{(\d+)\}\)", lambda m: "0" * int(m[1]), route)
    route = re.sub(r"<int:\w+>", "1", route)
    route = re.sub(r"<uuid:\w+>", "01890a5d-ac96-774b-bcce-b302099a8057", route)
    route = re.sub(r"<(?:\w+:)?\w+>", "x", route)
    return "/" + route.replace("^", "").replace("\\Z", "").replace("$", "")


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete"])
def test_a_stranger_gets_nothing_but_the_public_pages(verb: str) -> None:
    client = Client(raise_request_exception=False)
    found = []
    for route, _ in patterns():
        if route in PUBLIC:
            continue
        answer = getattr(client, verb)(example(route), content_type="application/json")
        sent_to_sign_in = answer.status_code == 302 and "sign-in" in answer.headers["Location"]
        if answer.status_code not in (401, 403) and not sent_to_sign_in:
            found.append(f"{verb.upper()} {example(route)}: {answer.status_code}")
    assert not found, "Give these a permission, or list them as PUBLIC:\n" + "\n".join(found)


def test_every_api_view_says_who_may_use_it() -> None:
    found = []
    for route, callback in patterns():
        view = getattr(callback, "cls", None)
        if view is None or route in PUBLIC:
            continue
        if not view.permission_classes or AllowAny in view.permission_classes:
            found.append(route)
    assert not found


def test_no_public_page_is_listed_that_does_not_exist() -> None:
    # Kept short by hand: an entry that outlives its page would open the next one of that name.
    assert set(PUBLIC) <= {route for route, _ in patterns()}


def test_nothing_in_the_web_apps_can_load_code_from_a_file() -> None:
    found = []
    for path in python_files(*WEB):
        for node in ast.walk(tree(path)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found += [f"{path}: {name}" for name in names if name.split(".")[0] in _LOADS_CODE]
    assert not found


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = [path for path in python_files(*WEB, "categorizer", "tools") if path.stem in _VAGUE]
    assert not names
