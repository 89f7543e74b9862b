"""The one-file verifier: what it says of right and of wrong bundles, here and on its own."""

import ast
import base64
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger import tree
from ledger.bundle import build, verify
from ledger.bundle.verify import Check, main, read_zip, write_zip
from ledger.tests.bundling import (
    CARD,
    DEVICE,
    LOCK,
    LOG,
    SALT,
    Log,
    bundle,
    packed,
    receipt,
    signer,
)

KEY = LOG.verifier.vkey
PROGRAM = Path(verify.__file__)


def check(
    files: dict[str, bytes], keys: Sequence[str] = (KEY,), kept: str | None = None
) -> list[Check]:
    return verify.verify(write_zip(files), keys, kept.encode() if kept else None)


def wrongs(found: Sequence[Check]) -> list[str]:
    return [one.sentence for one in found if one.status == "bad"]


def said(found: Sequence[Check]) -> str:
    return " ".join(one.sentence for one in found)


# Right bundles


def test_a_right_bundle_gets_a_sentence_for_each_check() -> None:
    found = verify.verify(build(bundle()), [KEY])
    assert {one.status for one in found} == {"good"}
    for part in (
        "holds the 10 files of MANIFEST",
        "is the shelfmark-receipt/2 01a1fa6d-0532-7bbb-b08b-c66dac1f525f",
        "is number 700 of the 1000 entries under the checkpoint of the log log.example/shelf",
        f"signed by the key {KEY}",
        "The input in openings.json is the one that was recorded",
        "The person in",
        "The device in",
        "card.json describes the model that answered, sha256 aaaa",
        "trained on the dataset of the record, sha256 bbbb",
        "dvc.lock names the dataset data/prepared/products.csv",
    ):
        assert part in said(found)
    assert all(one.sentence.endswith(".") for one in found)


@pytest.mark.parametrize(("size", "index"), [(1, 0), (2, 1), (7, 6), (600, 255)])
def test_a_record_anywhere_in_a_log_of_any_size_is_right(size: int, index: int) -> None:
    proof = Log(receipt(), size, index).proof(size)
    assert not wrongs(verify.verify(build(bundle(proof=proof)), [KEY]))


def test_without_a_key_it_says_that_the_key_came_with_the_bundle() -> None:
    found = verify.verify(build(bundle()))
    assert not wrongs(found)
    assert "proves only that the bundle agrees with itself" in said(found)
    assert "agrees with itself" not in said(verify.verify(build(bundle()), [KEY]))


def test_a_folder_is_checked_like_the_zip(tmp_path: Path) -> None:
    for name, data in read_zip(build(bundle())).items():
        (tmp_path / name).write_bytes(data)
    assert verify.verify(tmp_path) == verify.verify(build(bundle()))
    (tmp_path / "another").write_text("file")
    assert wrongs(verify.verify(tmp_path)) == [
        "manifest: MANIFEST does not list the files as they are. Look at: another."
    ]
    (tmp_path / "another").unlink()
    (tmp_path / "folder").mkdir()
    assert "cannot be read" in said(verify.verify(tmp_path))
    assert "cannot be read" in said(verify.verify(tmp_path / "nothing"))


# Wrong bundles, packed by somebody who knows how


def test_another_key_of_the_same_name_is_refused() -> None:
    other = signer(8)
    forged = bundle(proof=Log(receipt()).proof(signers=[other]), vkeys=[other.verifier.vkey])
    assert not wrongs(verify.verify(build(forged)))
    found = verify.verify(build(forged), [KEY])
    assert wrongs(found) == ["signature: No known key of the log log.example/shelf signed the "
                             "checkpoint."]  # fmt: skip


def test_a_key_of_another_log_is_refused() -> None:
    other = signer(8, "log.example/other")
    both = Log(receipt()).proof(signers=[LOG, other])
    found = verify.verify(build(bundle(proof=both)), [other.verifier.vkey])
    assert "No known key of the log log.example/shelf" in said(found)


def test_a_wrong_signature_of_a_known_key_is_refused_though_another_is_right() -> None:
    second = signer(8)
    proof = Log(receipt()).proof(signers=[LOG, second])
    line = second.line("other\n")
    wrong = proof.replace(
        second.line(Log(receipt()).checkpoint(1000).split("\n\n")[0] + "\n"), line
    )
    assert wrong != proof
    found = check(packed({"proof.tlog-proof": wrong.encode()}), [KEY, second.verifier.vkey])
    assert wrongs(found) == [
        "signature: The signature of log.example/shelf under the checkpoint is wrong."
    ]


def test_another_record_is_refused() -> None:
    found = check(packed({"record.json": receipt(model_sha256="c" * 64)}))
    assert "proof: The proof does not lead from record.json to the root of the checkpoint." in (
        wrongs(found)
    )
    assert "card.json does not speak of the model" in said(found)


def test_a_proof_for_another_place_is_refused() -> None:
    proof = Log(receipt()).proof()
    for wrong in (
        proof.replace("index 700", "index 701"),
        proof.replace("index 700", "index 1000"),
        proof.replace("\n1000\n", "\n1001\n"),
        proof.replace("index 700", "index 0700"),
        proof.replace("tlog-proof@v1", "tlog-proof@v2"),
        proof.replace("index 700\n", "extra AAEC\nindex 700\n"),
        proof + "— \x07bell AAAAAAAA\n",
        proof + "— somebody AAAAAAAA",
    ):
        assert wrongs(check(packed({"proof.tlog-proof": wrong.encode()})))


def test_openings_that_open_nothing_or_something_else_are_refused() -> None:
    good = packed({})["openings.json"]
    device = json.dumps(json.loads(DEVICE)).encode()
    for wrong in (
        good.replace(device, b'"tablet-8"'),
        good.replace(device, b'"tablet-7" '),
        good.replace(SALT.hex().encode(), SALT.hex().upper().encode()),
        good.replace(b'"device"', b'"devise"'),
        good.replace(b'"price":"12.90"', b'"price":12.90'),
        good + b"\n",
        b"{\n}\n",
        b"",
        b"\xff",
    ):
        assert wrongs(check(packed({"openings.json": wrong}))), wrong


def test_a_card_of_another_dataset_and_a_lock_of_another_card_are_refused() -> None:
    for changes, why in (
        ({"card.json": CARD.replace(b"bbbb", b"cccc")}, "different datasets"),
        ({"card.json": b"[]"}, "There is no files"),
        ({"card.json": b"{"}, "should be JSON is not"),
        ({"card.json": CARD + b"\n"}, "dvc.lock does not name this card.json"),
        ({"card.json": None}, "card.json is missing"),
        ({"dvc.lock": LOCK.replace(b"1467791", b"1467792")}, "does not name a model.safetensors"),
        ({"dvc.lock": LOCK.replace(b"prepared", b"raw")}, "does not name one dataset"),
        ({"dvc.lock": b"\xff"}, "dvc.lock does not name this card.json"),
    ):
        found = check(packed(changes))
        assert why in " ".join(wrongs(found)), why


def test_a_bundle_without_something_it_needs_is_refused() -> None:
    for name in verify.NEEDED:
        files = packed({})
        del files[name]
        assert f"manifest: {name} is missing." in wrongs(check(files))


def test_keys_and_policy_must_agree_and_be_spelled_right() -> None:
    good = packed({})
    other = signer(8).verifier.vkey.encode()
    for changes in (
        {"log.vkey": other + b"\n"},
        {"log.vkey": good["log.vkey"] * 2},
        {"policy": good["policy"].replace(b"none", b"any")},
        {"policy": b"# mine\n" + good["policy"]},
        {"policy": good["policy"].replace(b"\n", b"\r\n")},
    ):
        assert wrongs(check(packed(changes)))
    for wrong in ("", "x", KEY[:-1], KEY.replace("log.example/shelf", "log.example/s"), "\ud800"):
        assert wrongs(verify.verify(build(bundle()), [wrong])), wrong


@pytest.mark.parametrize(
    "record",
    [
        b"", b"{}", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"format":1.5}', b"NaN",
        receipt(format=None), receipt(format="shelfmark-entry/2"), receipt(id="7"),
        receipt(input_commitment="short"), receipt(input_commitment=3), receipt(asked_by=None),
        receipt(price=1.5), receipt(price=1) + b" ", receipt().replace(b'"id"', b'"id":"x","id"'),
    ],
)  # fmt: skip
def test_a_record_that_is_none_is_refused_with_a_sentence(record: bytes) -> None:
    found = check(packed({"record.json": record, "proof.tlog-proof": b"x\n"}))
    assert sum(one.startswith("record: ") for one in wrongs(found)) == 1


# Checkpoints that the auditor kept


def test_a_checkpoint_of_the_same_size_must_have_the_same_root() -> None:
    log = Log(receipt())
    found = check(packed({}), kept=log.checkpoint(1_000))
    assert "of 1000 entries, is of the same unbroken log" in said(found)
    rewritten = Log(receipt(), index=3).checkpoint(1_000)
    assert "Two checkpoints of 1000 entries have different roots" in said(
        check(packed({}), kept=rewritten)
    )


@pytest.mark.parametrize("size", [300, 512, 999, 1_700])
def test_a_checkpoint_of_another_size_needs_a_proof_of_consistency(size: int) -> None:
    log = Log(receipt(), size=2_000)
    data, kept = build(bundle(proof=log.proof())), log.checkpoint(size).encode()
    old, new = sorted([size, 1_000])
    found = verify.verify(data, [KEY], kept)
    assert f"/api/v1/ledger/consistency?from={old}&to={new}" in said(found)
    assert not wrongs(found)

    proof = [base64.b64encode(one).decode() for one in tree.consistency_proof(old, new, log.read)]
    answer = {"from": old, "to": new, "proof": proof, "checkpoint": "-"}
    found = verify.verify(data, [KEY], kept, json.dumps(answer).encode())
    assert "is of the same unbroken log" in said(found)
    answers: list[object] = [
        {**answer, "proof": proof[1:]},
        {**answer, "proof": [*proof, proof[0]]},
        {**answer, "proof": []},
        {**answer, "proof": [*proof[:-1], "AAAA"]},
        {**answer, "proof": 3},
        {**answer, "from": old - 1},
        [],
    ]
    for wrong in answers:
        assert wrongs(verify.verify(data, [KEY], kept, json.dumps(wrong).encode())), wrong
    other = Log(receipt(), size=2_000, index=3).checkpoint(size).encode()
    assert wrongs(verify.verify(data, [KEY], other, json.dumps(answer).encode()))


def test_a_checkpoint_that_is_not_of_this_log_is_refused() -> None:
    for kept in (
        "x\n",
        Log(receipt()).checkpoint(1_000, [signer(8)]),
        Log(receipt()).checkpoint(1_000).replace("1000", "1001"),
    ):
        assert wrongs(check(packed({}), kept=kept)), kept


# As a program


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, env={}, timeout=60,
    )  # fmt: skip


def test_the_program_runs_alone_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_bytes(PROGRAM.read_bytes())
    (tmp_path / "b.zip").write_bytes(build(bundle()))
    done = run("verify.py", "b.zip", "--key", KEY, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Everything that could be checked is right.\n")

    data = bytearray(build(bundle()))
    data[len(data) // 2] ^= 1
    (tmp_path / "b.zip").write_bytes(data)
    done = run("verify.py", "b.zip", "--key", KEY, folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("WRONG")
    assert done.stdout.endswith("This is NOT good.\n")


def test_the_program_in_an_unpacked_bundle_checks_its_own_folder(tmp_path: Path) -> None:
    for name, data in read_zip(build(bundle())).items():
        (tmp_path / name).write_bytes(data)
    assert run("verify.py", folder=tmp_path).returncode == 0
    (tmp_path / "VERIFY.md").write_text("Trust me.")
    done = run("verify.py", folder=tmp_path)
    assert done.returncode == 1
    assert "Look at: VERIFY.md" in done.stdout


def test_the_program_tells_machines_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(build(bundle()))
    (tmp_path / "kept").write_text(Log(receipt()).checkpoint(1_000))
    options = ["--key", KEY, "--checkpoint", str(tmp_path / "kept"), "--json"]
    assert main([str(path), *options]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["good"] is True
    assert {one["status"] for one in answer["checks"]} == {"good"}
    assert "same unbroken log" in answer["checks"][-1]["sentence"]
    path.write_bytes(b"")
    assert main([str(path), *options]) == 1
    assert json.loads(capsys.readouterr().out)["good"] is False


def test_a_file_that_is_not_there_is_a_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["x", "--checkpoint", str(tmp_path / "nothing")])


def test_nothing_in_a_bundle_commands_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = CARD.replace(b'"model.safetensors"', b'"\\u001b[2Jmodel"')
    (tmp_path / "b.zip").write_bytes(write_zip(packed({"card.json": card, "dvc.lock": LOCK})))
    main([str(tmp_path / "b.zip")])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown


def test_the_program_is_of_the_standard_library_and_of_python_3_8() -> None:
    module = ast.parse(PROGRAM.read_text(), feature_version=(3, 8))
    names = {
        name.partition(".")[0]
        for node in ast.walk(module)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
    }
    assert names <= sys.stdlib_module_names
    assert not names & {"http", "socket", "sqlite3", "ssl", "subprocess", "urllib"}


# The answer of a tablet


def beside(**changes: object) -> bytes:
    """Return a receipt that holds the answer of a tablet as well."""
    tablet = {"model_sha256": "a" * 64, "category": "Tools", "score": 5, "agreement": "same"}
    answer = {"category": "Tools", "score": 5, "needs_review": False}
    return receipt(**answer, **{"tablet_answer": {**tablet, **changes}})


def test_a_tablet_may_have_answered_the_same() -> None:
    found = verify.verify(build(bundle(beside())), [KEY])
    assert {one.status for one in found} == {"good"}
    assert "its answer was the same" in said(found)
    other_model = beside(model_sha256="c" * 64, score=9)
    assert "the same" in said(verify.verify(build(bundle(other_model)), [KEY]))


@pytest.mark.parametrize(
    "changes",
    [
        {"agreement": "differs"},
        {"agreement": None},
        {"score": 6},
        {"category": "Lamps"},
        # It differs, and nobody was asked.
        {"score": 6, "agreement": "differs"},
    ],
)
def test_a_record_that_misjudges_a_tablet_is_refused(changes: dict[str, object]) -> None:
    found = check(packed({"record.json": beside(**changes)}))
    assert any("misjudges the answer of a tablet" in one for one in wrongs(found))
