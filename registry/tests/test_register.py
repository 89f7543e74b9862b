import hashlib
import json
import stat
from pathlib import Path

import pytest

from accounts.models import User
from ledger.models import Entry
from lib import clock
from registry import actions, files
from registry.models import ModelVersion
from registry.release import UnusableRelease, read_release
from registry.tests.releases import train

pytestmark = pytest.mark.django_db


def register(folder: Path, by: User) -> list[ModelVersion]:
    return actions.register(release=read_release(folder), by=by, now=clock.now())


def change_card(folder: Path, **changes: object) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | changes))


def test_a_release_becomes_three_candidates(trained: Path, alice: User) -> None:
    versions = register(trained, alice)
    card = json.loads((trained / "card.json").read_text())
    assert {version.kind: version.sha256 for version in versions} == {
        kind: entry["sha256"] for kind, entry in card["files"].items()
    }
    assert {version.status for version in versions} == {"candidate"}
    assert {version.dataset_sha256 for version in versions} == {card["dataset"]["sha256"]}
    assert {version.submitted_by for version in versions} == {alice}


def test_the_card_is_kept_as_it_came(trained: Path, alice: User) -> None:
    version, *_ = register(trained, alice)
    version.refresh_from_db()
    assert version.card == (trained / "card.json").read_text()


def test_files_lie_under_their_digest_and_cannot_be_written(trained: Path, alice: User) -> None:
    for version in register(trained, alice):
        path = files.path_of(version.sha256, kind=version.kind)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem == version.sha256
        assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_no_half_written_file_is_left(trained: Path, alice: User, models_dir: Path) -> None:
    register(trained, alice)
    assert sorted(path.suffix for path in models_dir.iterdir()) == [
        ".json",
        ".safetensors",
        ".safetensors",
    ]


def test_the_ledger_tells_of_it(trained: Path, alice: User) -> None:
    versions = register(trained, alice)
    entries = Entry.objects.filter(kind="model.registered")
    assert {entry.subject for entry in entries} == {version.sha256 for version in versions}
    assert {entry.actor_id for entry in entries} == {alice.pk}
    assert not any(b"alice" in entry.content() for entry in entries)


def test_registering_twice_changes_nothing(trained: Path, alice: User, bob: User) -> None:
    register(trained, alice)
    before = list(ModelVersion.objects.values())
    entries = Entry.objects.count()
    register(trained, bob)
    assert list(ModelVersion.objects.values()) == before
    assert Entry.objects.count() == entries


def test_registering_again_puts_a_damaged_file_back(trained: Path, alice: User) -> None:
    version, *_ = register(trained, alice)
    path = files.path_of(version.sha256, kind=version.kind)
    path.chmod(0o644)
    path.write_bytes(b"something else")
    register(trained, alice)
    files.check(version.sha256, kind=version.kind, size=version.bytes)


@pytest.mark.parametrize("name", ["model.safetensors", "fallback.safetensors", "rules.json"])
def test_a_file_with_one_flipped_bit_is_refused(
    release_folder: Path, alice: User, name: str
) -> None:
    data = bytearray((release_folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (release_folder / name).write_bytes(bytes(data))
    with pytest.raises(UnusableRelease, match=f"{name} is .*the card says"):
        register(release_folder, alice)
    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "fallback.safetensors", "rules.json"])
def test_a_file_that_is_no_model_is_refused_though_the_card_names_it(
    release_folder: Path, alice: User, name: str
) -> None:
    (release_folder / name).write_bytes(b"{}")
    card = json.loads((release_folder / "card.json").read_text())
    for entry in card["files"].values():
        if entry["path"] == name:
            entry["sha256"] = hashlib.sha256(b"{}").hexdigest()
    change_card(release_folder, files=card["files"])
    with pytest.raises(UnusableRelease, match="cannot be used"):
        register(release_folder, alice)


def test_a_missing_file_is_refused(release_folder: Path, alice: User) -> None:
    (release_folder / "fallback.safetensors").unlink()
    with pytest.raises(UnusableRelease, match="cannot be read"):
        register(release_folder, alice)


def test_a_model_that_reads_fields_no_product_has_is_refused(tmp_path: Path, alice: User) -> None:
    folder = train(tmp_path / "other", number="width_mm")
    table = (tmp_path / "other" / "products.csv").read_text().replace("width_mm", "wingspan", 1)
    (tmp_path / "other" / "products.csv").write_text(table)
    from categorizer.cli import main

    main(
        ["train", str(tmp_path / "other" / "products.csv"), "--text", "name", "--number",
         "wingspan", "--label", "category", "--compare", "", "--quiet", "--out", str(folder)]
    )  # fmt: skip
    with pytest.raises(UnusableRelease, match="reads wingspan, which no product here has"):
        register(folder, alice)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "shelfmark-card/9"}, "format"),
        ({"labels": []}, "labels are empty"),
        ({"labels": ["a", "a"]}, "say one thing twice"),
        ({"labels": ["a", " "]}, "cannot be the path of a category"),
        ({"labels": ["a", 3]}, "cannot be the path of a category"),
        ({"labels": ["x" * 501]}, "cannot be the path of a category"),
        ({"labels": ["Other"]}, "knows other categories than its card"),
        ({"dataset": {"sha256": "0" * 64}}, "trained on another dataset"),
        ({"files": {}}, "lacks or mistypes"),
        ({"files": None}, "lacks or mistypes"),
    ],
)
def test_a_card_that_does_not_fit_its_files_is_refused(
    release_folder: Path, alice: User, changes: dict[str, object], message: str
) -> None:
    change_card(release_folder, **changes)
    with pytest.raises(UnusableRelease, match=message):
        register(release_folder, alice)


@pytest.mark.parametrize("card", ["", "[]", "nonsense", '{"format": "shelfmark-card/1"}'])
def test_a_card_that_is_none_is_refused(release_folder: Path, alice: User, card: str) -> None:
    (release_folder / "card.json").write_text(card)
    with pytest.raises(UnusableRelease):
        register(release_folder, alice)


def test_a_card_cannot_name_a_file_outside_its_folder(release_folder: Path, alice: User) -> None:
    outside = release_folder.parent / "model.safetensors"
    (release_folder / "model.safetensors").rename(outside)
    card = json.loads((release_folder / "card.json").read_text())
    card["files"]["model"]["path"] = "../model.safetensors"
    change_card(release_folder, files=card["files"])
    with pytest.raises(UnusableRelease, match="outside"):
        register(release_folder, alice)
