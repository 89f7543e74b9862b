"""The stages of dvc.yaml refuse bad data, give the same bytes twice, and can be verified."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import joblib
import pytest
import yaml

from categorizer.dataset import BadDataset
from categorizer.model import load
from categorizer.stages import card, evaluate, prepare, train, verify

ROOT = Path(__file__).resolve().parents[2]
HEADER = ",".join(prepare.COLUMNS)
GOOD = {
    "sku": "SF-100001", "gtin": "2000000000008", "name": "Claw hammer 500 g", "description": "",
    "brand": "", "width_mm": "120", "height_mm": "", "depth_mm": "", "weight_g": "620",
    "price": "12.90", "category": "Tools > Hammers", "language": "en",
}  # fmt: skip


def raw(*changes: dict[str, str]) -> bytes:
    """Return a raw dataset: a good row for each change, with a SKU of its own, changed."""
    rows = [GOOD | {"sku": f"SF-{100001 + at}"} | row for at, row in enumerate(changes)]
    return "\n".join([HEADER, *(",".join(row.values()) for row in rows), ""]).encode()


OTHER = {"category": "Garden > Spades", "name": "Spade"}
FOUR: tuple[dict[str, str], ...] = ({}, {}, OTHER, OTHER)


def test_a_good_dataset_is_accepted() -> None:
    assert len(prepare.check(raw(*FOUR))) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sku": "SF-100001"}, "line 3: sku SF-100001 is already on line 2"),
        ({"sku": "17"}, "line 3: sku must look like"),
        ({"gtin": "2000000000009"}, "line 3: gtin '2000000000009' must have"),
        ({"name": "  "}, "line 3: name is empty"),
        ({"width_mm": "1.5"}, "line 3: width_mm must be a whole number"),
        ({"weight_g": "-4"}, "line 3: weight_g must be a whole number"),
        ({"depth_mm": "100001"}, "line 3: depth_mm must be a whole number"),
        ({"price": "12.9"}, "line 3: price must look like 12.90"),
        ({"category": "Tools"}, "line 3: category must be a path of 2 to 3 levels"),
        ({"category": "Tools >  > Saws"}, "line 3: category must be a path"),
        ({"language": "it"}, "line 3: language must be de, en, es or fr"),
        ({"brand": "A\0B"}, "line 3: brand holds a control character"),
        ({"price": "1.00,extra"}, "line 3: 13 cells, the header has 12"),
        ({"category": "Tools > Saws"}, "category 'Tools > Saws' has one product only"),
    ],
)
def test_a_fault_is_named_with_its_line(change: dict[str, str], message: str) -> None:
    with pytest.raises(BadDataset) as caught:
        prepare.check(raw({}, change, {}, OTHER, OTHER))
    assert any(error.startswith(message) for error in caught.value.errors), caught.value.errors


def test_another_header_is_refused() -> None:
    with pytest.raises(BadDataset, match="line 1: the columns must be sku,gtin"):
        prepare.check(b"sku,name\n1,hammer\n")


def test_a_category_that_has_categories_holds_no_products() -> None:
    inner = {"category": "Garden > Spades > Steel"}
    with pytest.raises(BadDataset, match="'Garden > Spades' holds products and categories"):
        prepare.check(raw(*FOUR, inner, inner))


def test_sizes_and_colours_of_one_article_are_one_group() -> None:
    text = "Holds brackets and cupboards in all solid walls, sets with a hammer."
    names = ["Nylon plug M8x75", "Nylon plug M10x95", "Nylon plug M8x75 grey", "Desk lamp"]
    rows = [{"name": name, "description": text if at < 3 else ""} for at, name in enumerate(names)]
    assert prepare.groups(rows) == [0, 0, 0, 3]


def test_a_group_is_never_on_both_sides_of_the_split() -> None:
    names = [f"{word} drill {size} V" for word in "abcdefghij" for size in (12, 18, 36)]
    rows = [{"name": f"{name} {name[0] * 4}"} for name in names]
    prepared = prepare.prepare(raw(*rows, OTHER, OTHER), test_one_in=3).decode().splitlines()[1:]
    sides: dict[str, set[str]] = {}
    for line in prepared[:30]:
        sides.setdefault(line.split(",")[1][0], set()).add(line.split(",")[-1])
    assert all(len(side) == 1 for side in sides.values())
    assert set.union(*sides.values()) == {"train", "test"}


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which all stages ran on a small slice of the sample."""
    lines = (ROOT / "data/raw/products.csv").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines[1:] if b",Fasteners > " in line or b",Food > " in line][:240]
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / "data/raw/products.csv").write_bytes(b"".join([lines[0], *kept]))
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    settings["train"] |= {"epochs": 2, "folds": 2}
    settings["evaluate"]["compare"] = []
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings))
    shutil.copy(ROOT / "requirements-train.txt", tmp_path)
    for name in card.CODE:
        (tmp_path / "categorizer" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "categorizer" / name, tmp_path / "categorizer" / name)
    monkeypatch.chdir(tmp_path)
    run_all()
    _lock(tmp_path)
    return tmp_path


def run_all() -> None:
    for stage in (prepare, train, evaluate, card):
        stage.main()


def _lock(root: Path) -> None:
    """Write the lock that DVC would write."""
    stages: dict[str, Any] = {}
    for name, stage in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items():
        outs = [*stage.get("outs", []), *stage.get("metrics", [])]
        paths = {
            "deps": stage["deps"],
            "outs": [path if isinstance(path, str) else next(iter(path)) for path in outs],
        }
        settings = yaml.safe_load((root / "params.yaml").read_text())
        stages[name] = {
            kind: [
                {"path": path, "md5": hashlib.md5((root / path).read_bytes()).hexdigest()}
                for path in found
            ]
            for kind, found in paths.items()
        } | {"params": {"params.yaml": {section: settings[section] for section in stage["params"]}}}
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


def test_running_it_again_gives_the_same_bytes_and_changes_are_named(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def verdict() -> tuple[int, str]:
        code = verify.main([str(pipeline)])
        return code, capsys.readouterr().out

    assert verdict() == (0, "same bytes\n")
    run_all()
    assert verdict() == (0, "same bytes\n")

    for path, named in {
        "data/model/model.safetensors": "data/model/model.safetensors has md5",
        "data/model/rules.json": "data/model/rules.json has md5",
        "data/raw/products.csv": "data/raw/products.csv has md5",
        "data/model/card.json": "data/model/card.json has md5",
        "categorizer/solver.py": "categorizer/solver.py has md5",
        "requirements-train.txt": "requirements-train.txt has md5",
    }.items():
        before = (pipeline / path).read_bytes()
        (pipeline / path).write_bytes(before.replace(b"a", b"b", 1))
        code, said = verdict()
        assert code == 1
        assert said.startswith(named)
        (pipeline / path).write_bytes(before)

    (pipeline / "data/model/fallback.safetensors").unlink()
    code, said = verdict()
    assert code == 1
    assert said.startswith("data/model/fallback.safetensors is missing")


def test_a_lock_that_was_rewritten_does_not_match_the_card(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = pipeline / "data/model/model.safetensors"
    model.write_bytes(model.read_bytes()[:-1] + b"\x01")
    _lock(pipeline)
    assert verify.main([str(pipeline)]) == 1
    assert "model.safetensors has sha256" in capsys.readouterr().out


def test_another_parameter_is_named(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = pipeline / "params.yaml"
    settings.write_text(settings.read_text().replace("epochs: 2", "epochs: 3"))
    assert verify.main([str(pipeline)]) == 1
    assert "params.yaml: train is not what dvc.lock says" in capsys.readouterr().out


def test_the_card_and_the_notebook_file_speak_of_the_model_beside_them(pipeline: Path) -> None:
    written = json.loads((pipeline / "data/model/card.json").read_bytes())
    data = (pipeline / "data/model/model.safetensors").read_bytes()
    model = load(data, sha256=written["files"]["model"]["sha256"])
    assert list(model.labels) == written["labels"]
    assert model.dataset_sha256 == written["dataset"]["sha256"]
    assert written["metrics"]["model"]["rows"] == written["dataset"]["test_rows"] > 0
    notebook = joblib.load(pipeline / "data/model/model.joblib")
    product = {"name": "hex head bolts M8x40"}
    assert notebook.predict([product])[0] == model.suggest(product).suggestions[0].label


def test_every_file_the_card_names_makes_dvc_run_the_stage_again() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert {path.as_posix() for path in card.sources()} <= {
        *stages["card"]["deps"], "params.yaml",
    }  # fmt: skip
    named = {path for stage in stages.values() for path in stage["deps"]}
    assert {f"categorizer/{name}" for name in card.CODE} <= named


def test_the_committed_lock_and_card_are_about_the_committed_files() -> None:
    built = ("data/model/", "data/prepared/")
    found = [text for text in verify.differences(ROOT) if not text.startswith(built)]
    assert not found, f"{found[0]}: run make model and commit what it writes"
