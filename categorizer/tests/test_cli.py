from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from categorizer import cli


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    heads = {"Drills": "cordless drill", "Hammers": "claw hammer", "Tea": "green tea"}
    rows = ["name,note,width,kind,part"]
    for number in range(30):
        for kind, head in heads.items():
            part = "test" if number % 5 == 0 else "train"
            rows.append(f"{head} no {number},for {kind.lower()},{number + len(head)},{kind},{part}")
    path = tmp_path_factory.mktemp("catalogue") / "products.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def release(
    catalogue: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, object]]:
    out = tmp_path_factory.mktemp("release")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "categorizer", "train", str(catalogue)),
            *("--text", "name,note", "--number", "width", "--label", "kind", "--split", "part"),
            *("--compare", "linear_svc,complement_nb", "--out", str(out)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return out, json.loads(run.stdout)


def run(
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    lines: bytes = b"",
) -> tuple[int, list[dict[str, object]]]:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    code = cli.main(arguments)
    return code, [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]


def test_training_prints_digests_and_the_metrics_of_every_model(
    release: tuple[Path, dict[str, object]],
) -> None:
    out, summary = release
    metrics = summary["metrics"]
    assert isinstance(metrics, dict)
    assert set(metrics) == {"model", "fallback", "rules", "linear_svc", "complement_nb"}
    assert metrics["model"]["accuracy"] == 1.0
    assert {path.name for path in out.iterdir()} == {
        "model.safetensors",
        "fallback.safetensors",
        "rules.json",
        "card.json",
        "model.joblib",
    }
    card = json.loads((out / "card.json").read_text())
    assert card["files"]["model"]["sha256"] == summary["model_sha256"]
    assert card["dataset"]["sha256"] == summary["dataset_sha256"]
    assert card["dataset"]["train_rows"] == 72


def test_suggest_answers_every_line_in_order(
    release: tuple[Path, dict[str, object]],
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = b'{"name": "hammer"}\n\n{"name": "tea", "width": "12", "sku": 5}\r\n'
    code, answers = run(
        capsysbinary,
        monkeypatch,
        ["suggest", str(release[0] / "model.safetensors"), "--top", "2"],
        lines,
    )
    assert code == 0
    best = [answer["suggestions"][0]["label"] for answer in answers]  # type: ignore[index]
    assert best == ["Hammers", "Tea"]
    assert all(len(answer["suggestions"]) == 2 for answer in answers)  # type: ignore[arg-type]


def test_a_bad_line_is_named_and_the_others_are_answered(
    release: tuple[Path, dict[str, object]],
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = (
        b'{"name":"tea"}\n{"name":5}\nnonsense\n[1]\n{"width":NaN}\n'
        b'{"width":"x"}\n\xff\n{"name":"tea"}\n'
    )
    code, answers = run(
        capsysbinary, monkeypatch, ["suggest", str(release[0] / "model.safetensors")], lines
    )
    assert code == 1
    assert [answer.get("error") for answer in answers] == [
        None,
        "line 2: name: must be text",
        "line 3: not JSON",
        "line 4: not a JSON object",
        "line 5: not JSON",
        "line 6: width: must be a number",
        "line 7: not JSON",
        None,
    ]


def test_explain_adds_up(
    release: tuple[Path, dict[str, object]],
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, [answer] = run(
        capsysbinary,
        monkeypatch,
        ["explain", str(release[0] / "model.safetensors"), "--features", "3"],
        b'{"name": "claw hammer no 3"}\n',
    )
    contributions = answer["contributions"]
    assert isinstance(contributions, list)
    assert code == 0
    assert len(contributions) == 3
    named = sum(item["amount"] for item in contributions)
    assert answer["bias"] + named + answer["others"] == answer["score"]


def test_verify_names_the_file_that_differs(
    release: tuple[Path, dict[str, object]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in release[0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert cli.main(["verify", str(tmp_path)]) == 0
    (tmp_path / "rules.json").write_bytes(b"{}")
    (tmp_path / "fallback.safetensors").unlink()
    assert cli.main(["verify", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "fallback: missing, the card says" in shown
    assert "model: same bytes" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["suggest", "no such file"],
        ["suggest", __file__],
        ["train", __file__, "--text", "name", "--label", "kind", "--out", "x", "--quiet"],
        ["verify", "no such folder"],
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_code_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(f"{arguments[0]}: ")
    assert "Traceback" not in shown


def test_suggesting_needs_neither_scikit_learn_nor_numba_nor_django() -> None:
    command = (
        "import sys; import categorizer.cli, categorizer.rules, categorizer.explain;"
        "heavy = {'sklearn', 'scipy', 'numba', 'django', 'joblib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"
