"""The other ways to check a bundle: a shell with openssl and sha256sum, and by hand."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.bundle import files_of
from ledger.bundle.verify import canonical
from ledger.tests.bundling import INPUT, LOG, SALT, Log, bundle, packed, receipt, signer

KEY = LOG.verifier.vkey
pytestmark = pytest.mark.skipif(
    any(shutil.which(program) is None for program in ("sh", "openssl", "sha256sum", "od")),
    reason="sh, openssl, sha256sum and od are needed",
)


def unpack(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "verify.sh", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_the_shell_finds_a_right_bundle_right(tmp_path: Path) -> None:
    done = run(unpack(tmp_path, files_of(bundle())), KEY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1:] == [
        "right  The record is entry number 700 of the 1000 in the log log.example/shelf.",
        f"right  The checkpoint is signed by the key {KEY}.",
        "right  The input in openings.json is the one that was recorded.",
        "right  The person in openings.json is the one that was recorded.",
        "right  The device in openings.json is the one that was recorded.",
        "Everything that was checked is right.",
    ]
    assert "That key came with the bundle" in run(tmp_path).stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files_of(bundle()))


@pytest.mark.parametrize(
    ("size", "index"), [(1, 0), (2, 0), (2, 1), (5, 4), (7, 6), (8, 3), (600, 255), (600, 599)]
)
def test_the_shell_walks_any_path(size: int, index: int, tmp_path: Path) -> None:
    proof = Log(receipt(), size, index).proof(size)
    done = run(unpack(tmp_path, files_of(bundle(proof=proof))), KEY)
    assert done.returncode == 0, done.stderr


def test_the_shell_reads_an_entry_and_two_keys(tmp_path: Path) -> None:
    second, witness = signer(8), signer(9, "witness.example/w", 4)
    entry = canonical(
        {
            "actor": bundle().record.decode().partition('person_commitment":"')[2][:64],
            "format": "shelfmark-entry/2",
            "id": "01a1fa6d-0532-7bbb-b08b-c66dac1f525f",
            "private": None,
        }
    )
    made = bundle(
        entry, proof=Log(entry).proof(signers=[witness, second, LOG]), card=None, dvc_lock=None,
        vkeys=[LOG.verifier.vkey, second.verifier.vkey], openings={"actor": (SALT, b'{"user":3}')},
    )  # fmt: skip
    done = run(unpack(tmp_path, files_of(made)))
    assert done.returncode == 0, done.stderr
    assert "The actor in openings.json" in done.stdout


def test_the_shell_refuses_what_is_wrong(tmp_path: Path) -> None:
    proof = Log(receipt()).proof()
    other = signer(8)
    line = LOG.line("other\n")
    wrong: Sequence[tuple[dict[str, bytes | None], str]] = [
        ({"record.json": receipt(model_sha256=None)}, "does not lead"),
        ({"proof.tlog-proof": proof.replace("700", "701").encode()}, "does not lead"),
        ({"proof.tlog-proof": proof.replace("700", "0700").encode()}, "not a number"),
        ({"proof.tlog-proof": proof.replace("700", "1700").encode()}, "speaks of entry 1700"),
        ({"proof.tlog-proof": proof.replace("\n1000\n", "\n999\n").encode()}, "is wrong"),
        ({"proof.tlog-proof": (proof[: proof.index("—")] + line).encode()}, "is wrong"),
        ({"proof.tlog-proof": re.sub("— .*\n", "", proof).encode()}, "No known key"),
        ({"proof.tlog-proof": b"x\n"}, "no checkpoint"),
        ({"log.vkey": f"{other.verifier.vkey}\n".encode()}, "No known key"),
        ({"log.vkey": KEY.replace("shelf", "shelv").encode()}, "that of another key"),
        ({"openings.json": packed({})["openings.json"].replace(b"Bohrer", b"bohrer")}, "input"),
    ]
    for changes, why in wrong:
        done = run(unpack(tmp_path, packed(changes)))
        assert done.returncode == 1, (why, done.stdout)
        assert why in done.stderr
    assert "No known key" in run(unpack(tmp_path, packed({})), other.verifier.vkey).stderr


def test_the_shell_sees_changed_and_added_files(tmp_path: Path) -> None:
    unpack(tmp_path, {**packed({}), "card.json": b"{}"})
    assert "card.json: FAILED" in run(tmp_path).stderr
    unpack(tmp_path, packed({}))
    (tmp_path / "more").write_text("x")
    assert "other files" in run(tmp_path).stderr


def test_the_commands_in_the_instructions_do_what_they_say(tmp_path: Path) -> None:
    if shutil.which("xxd") is None:
        pytest.skip("xxd is needed")
    files = files_of(bundle())
    unpack(tmp_path, files)
    blocks = re.findall(r"```sh\n(.*?)```", files["VERIFY.md"].decode(), re.DOTALL)
    program, manifest, leaf, signature, commitment = blocks
    assert program == "python3 -I verify.py bundle.zip --key 'NAME+ID+KEY'\n"

    def shell(script: str) -> str:
        return subprocess.run(
            ["sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    assert shell(manifest).count(": OK\n") == len(files) - 1
    log = Log(receipt())
    assert shell(leaf).startswith(log.levels[0][700].hex())
    assert shell(signature) == "Signature Verified Successfully\n"
    assert shell(commitment)[:64] in files["record.json"].decode()
    assert (tmp_path / "value").read_bytes() == INPUT
