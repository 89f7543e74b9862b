"""What a registration keeps about how a model was made."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from ledger.models import Entry
from lib import clock
from registry import actions, provenance
from registry.models import ModelVersion
from registry.release import read_release

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    return subprocess.run(
        ["git", *identity, "-C", folder, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def checkout(trained: Path, tmp_path: Path) -> Path:
    """A checkout whose dvc.lock names a release in data/model, made from two source files."""
    root = tmp_path / "checkout"
    folder = root / "data" / "model"
    shutil.copytree(trained, folder)
    (root / "params.yaml").write_text("train: {}\n")
    (root / "dvc.yaml").write_text("stages: {}\n")
    (root / "requirements-train.txt").write_text("numpy==2.4.6\n")
    (root / "requirements.txt").write_text("Django==5.2\n")
    card = json.loads((folder / "card.json").read_text())
    card["sources"] = {
        name: hashlib.sha256((root / name).read_bytes()).hexdigest()
        for name in ("params.yaml", "requirements-train.txt")
    }
    (folder / "card.json").write_text(json.dumps(card))
    write_lock(root)
    git(tmp_path, "init", "--quiet", "checkout")
    git(root, "add", "dvc.lock", "dvc.yaml", "params.yaml", "requirements-train.txt")
    git(root, "commit", "--quiet", "--message", "Train")
    return root


def write_lock(root: Path) -> None:
    lines = ["schema: '2.0'", "stages:", "  train:", "    cmd: python -m train", "    deps:"]
    lines += entry(root, "params.yaml")
    lines += [
        "    params:",
        "      params.yaml:",
        "        train:",
        "          size: 3",
        "    outs:",
    ]
    for name in ("model.safetensors", "fallback.safetensors", "rules.json", "card.json"):
        lines += entry(root, f"data/model/{name}")
    (root / "dvc.lock").write_text("\n".join([*lines, ""]))


def entry(root: Path, name: str) -> list[str]:
    data = (root / name).read_bytes()
    md5 = hashlib.md5(data).hexdigest()
    return [
        f"    - path: {name}",
        "      hash: md5",
        f"      md5: {md5}",
        f"      size: {len(data)}",
    ]


def told(root: Path, commit: str = "") -> dict[str, Any]:
    return dict(json.loads(read_release(root / "data/model", commit=commit).provenance))


def test_the_commit_is_the_one_whose_files_the_card_names(checkout: Path) -> None:
    found = told(checkout)
    assert found["commit"] == git(checkout, "rev-parse", "HEAD")
    assert found["commit_from"] == "git"
    assert found["commit_unknown"] is None


@pytest.mark.parametrize("name", ["params.yaml", "requirements-train.txt", "dvc.yaml", "dvc.lock"])
def test_a_commit_that_holds_another_file_is_not_claimed(checkout: Path, name: str) -> None:
    before = (checkout / name).read_text()
    (checkout / name).write_text(before + "# changed\n")
    git(checkout, "commit", "--quiet", "--all", "--message", "Change")
    (checkout / name).write_text(before)
    found = told(checkout)
    assert found["commit"] is None
    assert found["commit_unknown"].endswith(f"has another {name}.")


def test_a_file_that_is_not_committed_makes_no_commit(checkout: Path) -> None:
    git(checkout, "rm", "--quiet", "--cached", "params.yaml")
    git(checkout, "commit", "--quiet", "--message", "Forget the parameters")
    assert told(checkout)["commit"] is None


def test_the_environment_is_believed_where_there_is_no_repository(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    found = told(checkout, commit=COMMIT)
    assert (found["commit"], found["commit_from"]) == (COMMIT, "environment")


def test_the_environment_is_not_believed_against_the_repository(checkout: Path) -> None:
    assert told(checkout, commit=COMMIT)["commit"] == git(checkout, "rev-parse", "HEAD")


def test_a_tag_in_the_environment_is_no_commit(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    found = told(checkout, commit="v1.2")
    assert found["commit"] is None
    assert "SHELFMARK_COMMIT names no commit" in found["commit_unknown"]


def test_the_lock_is_kept_whole_with_the_digests_of_the_libraries(checkout: Path) -> None:
    found = told(checkout)
    assert found["lock"] == (checkout / "dvc.lock").read_text()
    assert found["lock_sha256"] == hashlib.sha256(found["lock"].encode()).hexdigest()
    for key, name in {
        "train_requirements_sha256": "requirements-train.txt",
        "requirements_sha256": "requirements.txt",
        "params_sha256": "params.yaml",
    }.items():
        assert found[key] == hashlib.sha256((checkout / name).read_bytes()).hexdigest()


def test_a_lock_that_names_other_files_is_not_claimed(checkout: Path) -> None:
    text = (checkout / "dvc.lock").read_text()
    md5 = hashlib.md5((checkout / "data/model/rules.json").read_bytes()).hexdigest()
    (checkout / "dvc.lock").write_text(text.replace(md5, "0" * 32))
    found = told(checkout)
    assert (found["lock"], found["commit"]) == (None, None)
    assert "does not name this rules.json" in found["lock_unknown"]


@pytest.mark.parametrize(
    "sources",
    [None, [], ["params.yaml"], "params.yaml", {}, {"params.yaml": 1}, {"a\0b": "0" * 64},
     {"params.yaml": "\ud800"}],
)  # fmt: skip
def test_a_card_that_does_not_say_what_made_it_names_no_commit(
    checkout: Path, sources: object
) -> None:
    path = checkout / "data/model/card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sources": sources}))
    write_lock(checkout)
    found = told(checkout)
    assert (found["commit"], found["params_sha256"]) == (None, None)
    assert found["commit_unknown"] == "The card does not name the files that made the release."


def test_a_release_made_by_hand_says_what_is_not_known(trained: Path) -> None:
    found = json.loads(read_release(trained).provenance)
    assert (found["commit"], found["lock"]) == (None, None)
    assert found["lock_unknown"] == "There is no dvc.lock above the release's folder."
    assert found["commit_unknown"]


def register(folder: Path, by: User) -> list[ModelVersion]:
    return actions.register(release=read_release(folder), by=by, now=clock.now())


@pytest.mark.django_db
def test_a_version_gives_back_what_was_recorded(checkout: Path, alice: User) -> None:
    for version in register(checkout / "data/model", alice):
        found = provenance.of(ModelVersion.objects.get(pk=version.pk))
        assert found.card == (checkout / "data/model/card.json").read_bytes()
        assert found.commit == git(checkout, "rev-parse", "HEAD")
        assert found.made is not None
        assert (found.made.stage, found.made.size) == ("train", version.bytes)
        assert found.lock_lines[0].path == "params.yaml"
        assert len(found.lock_lines) == 5


@pytest.mark.django_db
def test_the_ledger_names_what_was_recorded(checkout: Path, alice: User) -> None:
    version, *_ = register(checkout / "data/model", alice)
    assert version.provenance is not None
    details = json.loads(bytes(Entry.objects.get(subject=version.sha256).body))["details"]
    assert details["provenance_sha256"] == hashlib.sha256(version.provenance.encode()).hexdigest()


@pytest.mark.django_db
def test_a_version_from_before_says_that_nothing_was_recorded(trained: Path, alice: User) -> None:
    version, *_ = register(trained, alice)
    version.provenance = None
    with pytest.raises(provenance.NothingRecorded):
        provenance.of(version)


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["provenance", "card", "sha256"])
def test_what_was_recorded_cannot_be_changed(trained: Path, alice: User, column: str) -> None:
    version, *_ = register(trained, alice)
    with (
        pytest.raises(DatabaseError, match=r"(provenance|version)_is_fixed|keeps its keys"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"UPDATE registry_modelversion SET {column} = 'x' WHERE sha256 = %s", [version.pk]
        )
