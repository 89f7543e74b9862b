"""Old entries leave for an archive; their places in the tree stay, and so do all proofs."""

import gzip
import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from ledger import actions, log, note, tree
from ledger.models import Checkpoint, Entry, Leaf, Opening, Pruning
from ledger.tests.logs import own_keys, seal
from lib.ids import uuid7

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)

# PostgreSQL seals only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    own_keys(tmp_path / "keys", settings)
    return tmp_path / "archive"


@pytest.fixture
def months() -> list[Checkpoint]:
    """Three entries in each month from August to November."""
    made = []
    for month in (8, 9, 10, 11):
        at = datetime(2026, month, 15, tzinfo=UTC)
        with transaction.atomic():
            actions.record(
                "test.said", actor=None, subject="x", now=at, private={"note": f"month {month}"}
            )
        made.append(seal(at, entries=2))
    return made


def prune(folder: Path, before: str = "2026-10-01") -> str:
    said = StringIO()
    with patch("lib.clock.now", return_value=NOW):
        call_command(
            "prune_ledger", before=date.fromisoformat(before), archive_dir=folder,
            stdout=said, stderr=StringIO(),
        )  # fmt: skip
    return said.getvalue()


def bodies() -> dict[int, bytes]:
    """Return what there is in the database, by leaf."""
    places = dict(Leaf.objects.values_list("entry_id", "index"))
    return {
        places[entry.pk]: entry.content() for entry in Entry.objects.all() if entry.pk in places
    }


def archived(folder: Path, name: str) -> dict[int, bytes]:
    lines = gzip.decompress((folder / name).read_bytes()).splitlines()
    return {line["index"]: line["body"].encode() for line in map(json.loads, lines)}


def test_what_was_sealed_before_that_day_is_in_archives_by_month(
    folder: Path, months: list[Checkpoint]
) -> None:
    before = bodies()
    assert prune(folder) == "6 entries are now in archives only.\n"
    august = archived(folder, "entries-000000000000-000000000003.jsonl.gz")
    september = archived(folder, "entries-000000000003-000000000006.jsonl.gz")
    assert august | september == {index: before[index] for index in range(6)}
    left = bodies()
    assert {index: left[index] for index in left if index < 12} == {
        index: before[index] for index in range(6, 12)
    }


def test_a_manifest_leads_from_the_archive_to_the_signed_root(
    folder: Path, months: list[Checkpoint]
) -> None:
    prune(folder)
    (first, _) = sorted(folder.glob("*.manifest.json"))
    manifest = json.loads(first.read_text())
    data = (folder / manifest["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == manifest["sha256"]
    entries = archived(folder, manifest["file"])
    assert list(entries) == list(range(manifest["first_index"], manifest["entries"]))
    root = tree.root_of([tree.leaf_hash(body) for body in entries.values()])
    head = note.parse_checkpoint(note.parse_note(manifest["checkpoint"]).text)
    assert (head.size, head.root) == (manifest["tree_size"], root)


def test_the_log_says_what_went_and_where_it_is(folder: Path, months: list[Checkpoint]) -> None:
    prune(folder)
    said = [
        json.loads(entry.content())["details"]
        for entry in Entry.objects.filter(kind="ledger.pruned").order_by("pk")
    ]
    assert [(one["first_index"], one["up_to_index"]) for one in said] == [(0, 3), (3, 6)]
    files = sorted(folder.glob("*.gz"))
    assert [one["archive_sha256"] for one in said] == [
        hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    ]


def test_the_tree_and_its_proofs_stay_whole(folder: Path, months: list[Checkpoint]) -> None:
    gone = Entry.objects.order_by("pk")[1]
    body, place = gone.content(), log.place_of(gone)
    roots = {one.size: bytes(one.root) for one in months}
    prune(folder)
    seal(NOW + timedelta(minutes=1))
    assert {size: tree.root(size, log.read) for size in roots} == roots
    latest = log.latest_checkpoint()
    assert latest is not None
    for proof, checkpoint in (
        (place.proof, place.checkpoint),
        (tree.inclusion_proof(place.index, latest.size, log.read), latest),
    ):
        tree.check_inclusion(
            tree.leaf_hash(body), place.index, checkpoint.size, proof, bytes(checkpoint.root)
        )


def test_what_was_kept_apart_goes_too_and_into_no_archive(
    folder: Path, months: list[Checkpoint]
) -> None:
    prune(folder)
    left = sorted(json.loads(bytes(one.value))["note"] for one in Opening.objects.all())
    assert left == ["month 10", "month 11"]
    for name in folder.glob("*.gz"):
        assert b"month" not in gzip.decompress(name.read_bytes())


def test_an_entry_that_tells_of_the_last_change_of_a_row_stays(
    folder: Path, months: list[Checkpoint]
) -> None:
    at = datetime(2026, 9, 16, tzinfo=UTC)
    uuid = uuid7()
    with transaction.atomic():
        User.objects.create(username="somebody", entry_id=uuid)
        entry = actions.record("person.created", actor=None, subject="x", now=at, uuid=uuid)
    last = seal(at, entries=0)
    before = bodies()
    prune(folder, "2026-11-20")
    index = Leaf.objects.get(entry_id=entry.pk).index
    assert index == last.size - 1
    left = bodies()
    assert [one for one in left if one in before] == [index]
    assert left[index] == before[index]
    assert User.objects.get().entry_id == uuid


def test_a_second_run_finds_nothing_to_do(folder: Path, months: list[Checkpoint]) -> None:
    prune(folder)
    assert prune(folder) == "0 entries are now in archives only.\n"
    assert Pruning.objects.count() == 2


def test_pruning_goes_on_where_it_was_stopped(folder: Path, months: list[Checkpoint]) -> None:
    with (
        patch("ledger.actions.delete_pruned", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        prune(folder)
    assert Pruning.objects.count() == 1
    assert prune(folder) == "6 entries are now in archives only.\n"
    assert Pruning.objects.count() == 2


def delete(index: int) -> None:
    entry = Leaf.objects.get(index=index).entry_id
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_entry WHERE id = %s", [entry])


def announce(up_to_index: int) -> Pruning:
    return actions.announce_pruning(
        first_index=0,
        up_to_index=up_to_index,
        before=NOW,
        archive_sha256="0" * 64,
        by=None,
        now=NOW,
    )


def test_the_database_lets_no_entry_go_before_the_announcement_is_sealed(
    months: list[Checkpoint],
) -> None:
    with pytest.raises(IntegrityError, match="append-only"):
        delete(0)
    announce(3)
    with pytest.raises(IntegrityError, match="append-only"):
        delete(0)
    seal(NOW)
    delete(2)
    with pytest.raises(IntegrityError, match="append-only"):
        delete(3)


def test_a_pruning_that_the_log_does_not_tell_of_opens_nothing(months: list[Checkpoint]) -> None:
    Pruning.objects.create(
        up_to_index=12, entry=uuid7(), before=NOW, archive_sha256="0" * 64, at=NOW
    )
    with pytest.raises(IntegrityError, match="append-only"):
        delete(0)


def test_nothing_goes_while_its_archive_is_not_there(
    folder: Path, months: list[Checkpoint]
) -> None:
    announce(3)
    with pytest.raises(CommandError, match="is not the archive with SHA-256 0000"):
        prune(folder)
    assert len(bodies()) == 13


def test_a_damaged_log_is_not_pruned(folder: Path, months: list[Checkpoint]) -> None:
    with (
        patch("ledger.archives.Entry.content", return_value=b"{}"),
        pytest.raises(CommandError, match=r"The entry of leaf 0 was changed\. Nothing was deleted"),
    ):
        prune(folder)
    assert not Pruning.objects.exists()
    assert len(bodies()) == 12


def test_a_folder_that_cannot_be_written_stops_it(folder: Path, months: list[Checkpoint]) -> None:
    folder.write_text("a file")
    with pytest.raises(CommandError, match="archive cannot be written"):
        prune(folder)
    assert len(bodies()) == 12


def test_an_announcement_that_nobody_seals_deletes_nothing(
    folder: Path, months: list[Checkpoint]
) -> None:
    with (
        patch("ledger.actions.seal"),
        patch("ledger.actions.sign"),
        patch("ledger.management.commands.prune_ledger._SECONDS", 0),
        pytest.raises(CommandError, match="not sealed, so nothing was deleted"),
    ):
        prune(folder)
    assert len(bodies()) == 12


def test_days_to_come_are_refused(folder: Path) -> None:
    with pytest.raises(CommandError, match="not in the future"):
        prune(folder, "2026-11-21")


def test_an_empty_log_has_nothing_to_prune(folder: Path) -> None:
    assert prune(folder) == "0 entries are now in archives only.\n"
    assert not folder.exists()


def test_a_rotation_of_the_key_stays_for_those_who_slept_through_it(
    months: list[Checkpoint], folder: Path
) -> None:
    at = datetime(2026, 9, 16, tzinfo=UTC)
    with patch("lib.clock.now", return_value=at):
        call_command("rotate_ledger_key", stdout=StringIO())
    seal(at + timedelta(minutes=1))
    seal(NOW)
    rotated = Entry.objects.get(kind="ledger.key_rotated")
    prune(folder)
    assert Entry.objects.filter(pk=rotated.pk).exists()
    assert not Entry.objects.filter(kind="test.said", at__lt=at).exists()
