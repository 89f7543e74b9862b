"""What the server tells tablets that ask whether the log is still what it was."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from ledger import note, tree
from ledger.actions.rotating import rotate_key
from ledger.keys import Key, held, verify_ed25519
from ledger.tests.logs import own_keys, seal

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CONSISTENCY = "/api/v1/ledger/consistency"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> None:
    own_keys(tmp_path / "keys", settings)


def head(text: str) -> note.TreeHead:
    return note.parse_checkpoint(note.parse_note(text).text)


def test_who_holds_nothing_is_not_refused_while_there_is_nothing(client: Client) -> None:
    assert client.get(f"{CONSISTENCY}?from=0").status_code == 204
    # Who holds something has reason to worry.
    answer = client.get(f"{CONSISTENCY}?from=1")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_who_holds_nothing_gets_the_latest_checkpoint(client: Client) -> None:
    checkpoint = seal(NOW, entries=3)
    assert client.get(f"{CONSISTENCY}?from=0").json() == {
        "from": 0,
        "to": 3,
        "proof": [],
        "checkpoint": checkpoint.note,
    }


# What is sealed twice has to be committed in between.
@pytest.mark.django_db(transaction=True)
def test_the_proof_leads_from_the_checkpoint_held_to_the_latest(client: Client) -> None:
    first = seal(NOW, entries=5)
    last = seal(NOW + MINUTE, entries=1_500)
    answer = client.get(f"{CONSISTENCY}?from=5")
    told = answer.json()
    assert told["checkpoint"] == last.note
    proof = [b64decode(item) for item in told["proof"]]
    old, new = head(first.note), head(told["checkpoint"])
    tree.check_consistency(old.size, new.size, old.root, new.root, proof)
    # It is asked often, by every tablet.
    assert len(answer.content) < 2_000


def test_who_holds_more_is_told_so(client: Client) -> None:
    seal(NOW, entries=3)
    answer = client.get(f"{CONSISTENCY}?from=4")
    assert answer.status_code == 409
    assert answer.json()["code"] == "log_is_shorter"


@pytest.mark.parametrize("query", ["", "?from=-1", "?from=x", "?from=1&from=2", "?from=0&more=1"])
def test_other_questions_are_refused(client: Client, query: str) -> None:
    answer = client.get(CONSISTENCY + query)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_way_from_key_to_key_is_told_with_the_oldest_first(client: Client) -> None:
    seal(NOW)
    (first,) = held(create=False)
    assert client.get("/api/v1/ledger/key").json() == {
        "origin": first.name,
        "vkeys": [first.vkey],
        "rotations": [],
    }
    keys = [first, Key.new(first.name), Key.new(first.name)]
    for number, (old, new) in enumerate(pairwise(keys), 1):
        rotate_key(new=new, old=old, by=None, now=NOW + number * MINUTE)
    told = client.get("/api/v1/ledger/key").json()
    assert told["vkeys"] == [key.vkey for key in reversed(keys)]
    for statement, (old, new) in zip(told["rotations"], pairwise(keys), strict=True):
        parsed = note.parse_note(statement)
        assert parsed.text == f"shelfmark-key-rotation/1\n{old.vkey}\n{new.vkey}\n"
        note.check_note(parsed, [note.Verifier.parse(old.vkey)], verify_ed25519)
