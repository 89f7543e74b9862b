"""A registered model is made again from a fresh clone, and whatever differs is named."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError

from accounts.models import User
from ledger.models import Entry
from lib import clock
from registry import actions, files
from registry.management.commands.reproduce_model import told
from registry.models import ModelVersion
from registry.release import read_release
from registry.tests.test_provenance import git
from tools import reproduce
from tools.console import CannotGoOn
from tools.differences import Difference
from tools.model import dvc_environment
from tools.recorded import RAW, another_here
from tools.reproduce import Registered

ROOT: Path = settings.BASE_DIR
VENV = Path(sys.prefix)
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository like ours with 80 products, in which DVC has trained and all is committed."""
    root = tmp_path_factory.mktemp("origin")
    for name in (
        ".dvc/config", ".dvcignore", ".gitattributes", "dvc.yaml", "requirements-train.txt",
        "data/model/.gitignore", "data/prepared/.gitignore",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(
        ROOT / "categorizer", root / "categorizer",
        ignore=shutil.ignore_patterns("tests", "__pycache__"),
    )  # fmt: skip
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["train"] |= {"epochs": 2, "folds": 2}
    params["evaluate"]["compare"] = []
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    lines = (ROOT / RAW).read_bytes().splitlines(keepends=True)
    kept = [line for line in lines[1:] if b",Fasteners > " in line or b",Food > " in line][:80]
    (root / RAW).parent.mkdir()
    (root / RAW).write_bytes(b"".join([lines[0], *kept]))
    git(root, "init", "--quiet")
    env = dvc_environment(root=root, venv=VENV, config=tmp_path_factory.mktemp("dvc"))
    command = [sys.executable, "-m", "dvc", "repro", "--quiet"]
    subprocess.run(command, cwd=root, env=env, check=True, capture_output=True)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Train")
    return root


@pytest.fixture
def version(origin: Path, alice: User) -> ModelVersion:
    """The model of that repository, registered."""
    release = read_release(origin / "data/model")
    model, *_ = actions.register(release=release, by=alice, now=clock.now())
    return ModelVersion.objects.get(pk=model.pk)


@pytest.fixture
def registered(version: ModelVersion) -> Registered:
    return Registered(**told(version))


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("reproduce_model", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def recorded() -> Mapping[str, Any]:
    entry = Entry.objects.get(kind="model.reproduced")
    return dict(json.loads(bytes(entry.body))["details"])


def verdict(registered: Registered, origin: Path, dataset: Path | None = None) -> reproduce.Verdict:
    return reproduce.reproduce(registered, repositories=[str(origin)], dataset=dataset, venv=VENV)


def test_a_registered_model_comes_out_with_the_same_bytes_and_the_ledger_says_so(
    version: ModelVersion, origin: Path, monkeypatch: pytest.MonkeyPatch, bob: User
) -> None:
    monkeypatch.setenv("SHELFMARK_REPOSITORY", str(origin))
    # As a hook would have it: neither may lead to another repository or to other code.
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    assert run(version.sha256[:10], "--by", "bob").startswith("Same bytes. From commit ")
    entry = Entry.objects.get(kind="model.reproduced")
    assert (entry.subject, entry.actor_id) == (version.sha256, bob.pk)
    found = recorded()
    assert found["outcome"] == "same"
    assert found["model_sha256"] == version.sha256
    assert found["dataset_sha256"] == version.dataset_sha256
    assert found["commit"] == git(origin, "rev-parse", "HEAD")


def test_an_unknown_commit_is_said_and_recorded(version: ModelVersion) -> None:
    with pytest.raises(
        CommandError, match=r"Commit [0-9a-f]{40}, which made this model, is not in"
    ):
        run(version.sha256)
    assert recorded()["outcome"] == "impossible"


def test_exit_codes_tell_different_from_impossible(version: ModelVersion) -> None:
    with pytest.raises(CommandError) as caught:
        run(version.sha256)
    assert caught.value.returncode == 2
    with pytest.raises(CommandError) as caught:
        run("0" * 64)
    assert caught.value.returncode == 2


def test_a_short_beginning_or_an_unknown_model_is_a_sentence(version: ModelVersion) -> None:
    with pytest.raises(CommandError, match="at least the first 6 digits"):
        run(version.sha256[:5])
    with pytest.raises(CommandError, match="No model 0000000 is registered"):
        run("0000000")
    with pytest.raises(CommandError, match="No model is live"):
        run("live")
    with pytest.raises(CommandError, match="nobody called zoe"):
        run(version.sha256, "--by", "zoe")


@pytest.mark.parametrize("table", [RAW, "data/prepared/products.csv"])
def test_one_changed_row_of_a_dataset_is_named(
    registered: Registered, origin: Path, tmp_path: Path, table: str
) -> None:
    lines = (origin / table).read_text().splitlines(keepends=True)
    sku = lines[41].split(",")[0]
    lines[41] = lines[41].replace("e", "E", 1)
    (tmp_path / "given.csv").write_text("".join(lines))
    found = verdict(registered, origin, tmp_path / "given.csv")
    assert found.outcome == "different"
    assert found.difference is not None
    assert (found.difference.row, found.difference.sku) == (41, sku)
    assert f"given.csv: row 41 (SKU {sku}) was changed: " in found.sentence
    assert "Of 80 recorded rows: 1 changed, 0 left out, 0 added." in found.sentence


def test_only_the_digest_is_known_where_the_recorded_dataset_is_gone(
    registered: Registered, origin: Path, tmp_path: Path
) -> None:
    card = registered.facts
    card["dataset"]["raw_sha256"] = "0" * 64
    (tmp_path / "given.csv").write_bytes((origin / RAW).read_bytes())
    lost = replace(registered, card=json.dumps(card))
    found = verdict(lost, origin, tmp_path / "given.csv")
    assert found.outcome == "different"
    assert "which row differs cannot be said" in found.sentence
    assert "which row differs cannot be said" in verdict(lost, origin).sentence


def test_a_row_that_the_recorded_commit_holds_otherwise_is_named(
    registered: Registered, origin: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(origin, tmp_path / "changed"))
    lines = (root / RAW).read_text().splitlines(keepends=True)
    lines[3] = lines[3].replace("e", "E", 1)
    (root / RAW).write_text("".join(lines))
    git(root, "commit", "--quiet", "--all", "--message", "Change a row")
    found = verdict(replace(registered, commit=git(root, "rev-parse", "HEAD")), root)
    assert found.outcome == "different"
    assert f"{RAW} of the commit: row 3 (SKU {lines[3].split(',')[0]}) was" in found.sentence


def test_another_dataset_in_this_folder_is_no_secret(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.recorded.ROOT", tmp_path)
    assert another_here(origin) == ""
    lines = (origin / RAW).read_text().splitlines(keepends=True)
    (tmp_path / RAW).parent.mkdir(parents=True)
    (tmp_path / RAW).write_text("".join(lines))
    assert another_here(origin) == ""
    (tmp_path / RAW).write_text("".join(lines[:-1]))
    assert "Another dataset lies here, and took no part" in another_here(origin)
    assert "row 80 " in another_here(origin)


def test_a_dataset_that_is_nowhere_cannot_be_used(
    registered: Registered, origin: Path, tmp_path: Path
) -> None:
    root = tmp_path / "squashed"
    shutil.copytree(origin, root, ignore=shutil.ignore_patterns(".git"))
    (root / RAW).unlink()
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Begin anew")
    with pytest.raises(CannotGoOn, match="neither in Git nor in a DVC cache or remote"):
        verdict(replace(registered, commit=git(root, "rev-parse", "HEAD")), root)


def test_the_recorded_dataset_is_fetched_from_a_dvc_remote(
    registered: Registered, origin: Path, tmp_path: Path
) -> None:
    root = tmp_path / "with-remote"
    shutil.copytree(origin, root, ignore=shutil.ignore_patterns(".git"))
    git(root, "init", "--quiet")
    env = dvc_environment(root=root, venv=VENV, config=tmp_path / "dvc")
    for command in (
        ["add", "--quiet", RAW],
        ["remote", "add", "--quiet", "--default", "store", str(tmp_path / "store")],
        ["push", "--quiet", f"{RAW}.dvc"],
    ):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=root, env=env, check=True)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Keep the dataset out of Git")
    lines = (origin / RAW).read_text().splitlines(keepends=True)
    (tmp_path / "given.csv").write_text("".join(lines[:7] + lines[8:]))
    moved = replace(registered, commit=git(root, "rev-parse", "HEAD"))
    found = verdict(moved, root, tmp_path / "given.csv")
    assert f"row 7 (SKU {lines[7].split(',')[0]}) is left out" in found.sentence
    shutil.rmtree(tmp_path / "store")
    shutil.rmtree(root / ".dvc" / "cache")
    found = verdict(moved, root, tmp_path / "given.csv")
    assert "which row differs cannot be said" in found.sentence


def test_a_model_without_a_recorded_commit_is_found_by_its_card(
    registered: Registered, origin: Path, tmp_path: Path
) -> None:
    given = tmp_path / "given.csv"
    given.write_text("sku,name\n")
    before = replace(registered, commit=None, lock=None)
    assert verdict(before, origin, given).commit == git(origin, "rev-parse", "HEAD")
    with pytest.raises(CannotGoOn, match="No commit was recorded"):
        verdict(replace(before, card=registered.card.replace("{", "{ ", 1)), origin)


def test_a_commit_is_never_taken_for_an_option(registered: Registered, origin: Path) -> None:
    with pytest.raises(CannotGoOn, match="is not in"):
        verdict(replace(registered, commit="--output=/tmp/x"), origin)


def test_a_commit_without_a_pipeline_is_said(
    registered: Registered, origin: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(origin, tmp_path / "without"))
    git(root, "rm", "--quiet", "dvc.lock")
    git(root, "commit", "--quiet", "--message", "Forget the lock")
    with pytest.raises(CannotGoOn, match=r"holds no dvc\.lock, so nothing can be repeated"):
        verdict(replace(registered, commit=git(root, "rev-parse", "HEAD")), root)


def test_whoever_stops_it_finds_nothing_left_behind(
    registered: Registered, origin: Path, tmp_path: Path
) -> None:
    (tmp_path / "registered.json").write_text(json.dumps(asdict(registered)))
    (tmp_path / "tmp").mkdir()
    child = subprocess.Popen(
        [sys.executable, "-m", "tools.reproduce", "--registered", tmp_path / "registered.json"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "SHELFMARK_REPOSITORY": str(origin)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    # The stages themselves are running when the second of them says so.
    assert any("Running stage 'train'" in line for line in child.stdout)
    assert len(list((tmp_path / "tmp").glob("shelfmark-reproduce-*"))) == 1
    child.terminate()
    said, _ = child.communicate()
    assert child.returncode == reproduce.STOPPED
    assert "Stopped; nothing is left behind." in said
    assert not list((tmp_path / "tmp").glob("shelfmark-reproduce-*"))


def test_without_a_database_it_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_table(name: str) -> ModelVersion:
        raise OperationalError("no such table: registry_modelversion")

    monkeypatch.setattr("registry.management.commands.reproduce_model.find", no_table)
    with pytest.raises(CommandError, match=r"python3 -m tools\.reproduce --card"):
        run("live")


def test_a_model_trained_by_hand_cannot_be_made_again(trained: Path, alice: User) -> None:
    model, *_ = actions.register(release=read_release(trained), by=alice, now=clock.now())
    with pytest.raises(CannotGoOn, match="trained by hand"):
        verdict(Registered(**told(model)), trained)


def first_difference(registered: Registered, made: Path) -> Difference | None:
    assert registered.lock is not None
    return next(reproduce.compare(registered, registered.lock, made), None)


@pytest.fixture
def made(origin: Path, tmp_path: Path) -> Path:
    """What the pipeline wrote, to be damaged."""
    return Path(shutil.copytree(origin, tmp_path / "made"))


def test_equal_bytes_have_no_difference(registered: Registered, made: Path) -> None:
    assert first_difference(registered, made) is None


@pytest.mark.parametrize("kind", ["model", "fallback", "rules"])
def test_a_flipped_byte_in_a_stored_file_is_found(
    registered: Registered, made: Path, kind: str
) -> None:
    path = Path(registered.files[kind])
    flip(path, 321)
    found = first_difference(registered, made)
    assert found is not None
    assert (found.stage, found.path, found.offset) == ("stored", path.name, 321)
    assert "the stored file is damaged" in found.sentence


def test_a_missing_stored_file_is_found(registered: Registered, made: Path) -> None:
    Path(registered.files["model"]).unlink()
    found = first_difference(registered, made)
    assert found is not None
    assert "cannot be read" in found.sentence


def test_another_model_is_named_with_stage_byte_and_tensor(
    registered: Registered, made: Path
) -> None:
    path = made / "data/model/model.safetensors"
    flip(path, path.stat().st_size - 40_000)
    found = first_difference(registered, made)
    assert found is not None
    assert (found.stage, found.path) == ("train", "data/model/model.safetensors")
    assert found.offset == path.stat().st_size - 40_000
    assert found.part.startswith("tensor ")


def test_a_rewritten_lock_is_no_excuse(registered: Registered, made: Path) -> None:
    lock = (made / "dvc.lock").read_text()
    line = next(it for it in lock.splitlines() if "md5: " in it)
    (made / "dvc.lock").write_text(lock.replace(line, f"      md5: {'0' * 32}", 1))
    found = first_difference(registered, made)
    assert found is not None
    assert (found.stage, found.path) == ("prepare", "categorizer/canonical.py")


def test_a_file_that_was_not_written_is_named(registered: Registered, made: Path) -> None:
    (made / "data/model/fallback.safetensors").unlink()
    found = first_difference(registered, made)
    assert found is not None
    assert found.sentence == "The pipeline wrote no data/model/fallback.safetensors."


def test_another_prepared_dataset_and_another_card_are_named(
    registered: Registered, made: Path
) -> None:
    flip(made / "data/model/card.json", 300)
    found = first_difference(registered, made)
    assert found is not None
    assert (found.stage, found.offset) == ("card", 300)
    flip(made / "data/prepared/products.csv", 300)
    found = first_difference(registered, made)
    assert found is not None
    assert found.stage == "prepare"


def test_a_stored_file_is_kept_by_its_digest(registered: Registered, version: ModelVersion) -> None:
    assert registered.files["model"] == str(files.path_of(version.sha256, kind="model"))
