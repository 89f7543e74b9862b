"""A proof leaves the house, and a stranger checks it without the house."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from ledger import actions as ledger
from ledger.models import Entry, Erasure, LogKey, Opening
from ledger.tests.logs import own_keys, tamper
from lib import clock
from predictions.tests.conftest import DRILL, Post, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys_of_this_test(tmp_path: Path, settings: Any) -> None:
    own_keys(tmp_path / "keys", settings)


@pytest.fixture
def auditor(dora: User) -> Client:
    return client_of(dora)


@pytest.fixture
def answer(deployed: None, post: Post) -> Any:
    return post(DRILL, **{"Shelfmark-Device": "tablet-7"}).json()


@pytest.fixture
def export(answer: Any, auditor: Client) -> Callable[[], Any]:
    return lambda: auditor.get(f"/api/v1/predictions/{answer['id']}/proof")


def seal() -> None:
    ledger.seal(now=clock.now() + timedelta(minutes=1))


def check(folder: Path, data: bytes, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the bundle's own verifier on it, in an empty folder, without any of our packages."""
    with zipfile.ZipFile(BytesIO(data)) as bundle:
        (folder / "verify.py").write_bytes(bundle.read("verify.py"))
    (folder / "proof.zip").write_bytes(data)
    return subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", "proof.zip", *arguments],
        cwd=folder, env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_stranger_checks_the_proof_alone(export: Callable[[], Any], tmp_path: Path) -> None:
    seal()
    told = export()
    assert told.status_code == 200, told.json()
    assert told.headers["Content-Type"] == "application/zip"
    done = check(tmp_path, told.content, "--key", LogKey.objects.get().vkey)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(BytesIO(told.content)) as bundle:
        assert {"record.json", "proof.tlog-proof", "card.json", "VERIFY.md"} <= set(
            bundle.namelist()
        )


def test_a_proof_of_what_is_not_sealed_yet_is_not_made(export: Callable[[], Any]) -> None:
    told = export()
    assert (told.status_code, told.json()["code"]) == (409, "not_sealed_yet")


def test_taking_a_proof_away_is_an_entry(
    export: Callable[[], Any], answer: Any, dora: User
) -> None:
    seal()
    export()
    entry = Entry.objects.get(kind="receipt.exported")
    assert (entry.subject, entry.actor_id) == (answer["id"], dora.pk)


def test_a_proof_holds_after_what_was_asked_is_erased(
    export: Callable[[], Any], answer: Any, tmp_path: Path
) -> None:
    seal()
    before = export().content
    Erasure.objects.create(entry=answer["id"], reason="Asked for", at=clock.now())
    Opening.objects.filter(entry=answer["id"]).delete()
    seal()
    for data in (before, export().content):
        assert check(tmp_path, data).returncode == 0
    assert b"Brushless" not in export().content


def test_a_receipt_that_was_changed_is_not_proved(export: Callable[[], Any], answer: Any) -> None:
    seal()
    body = Entry.objects.get(uuid=answer["id"]).content().replace(b'"score":', b'"scora":')
    sql = "UPDATE ledger_entry SET body = %s WHERE kind = 'prediction.made'"
    tamper("ledger_entry", sql, body)
    told = export()
    assert (told.status_code, told.json()["code"]) == (409, "cannot_be_proved")


@pytest.mark.parametrize("role", ["carla", "alice", "bob"])
def test_only_those_who_audit_take_proofs(
    role: str, answer: Any, request: pytest.FixtureRequest
) -> None:
    client = client_of(request.getfixturevalue(role))
    assert client.get(f"/api/v1/predictions/{answer['id']}/proof").status_code == 403
