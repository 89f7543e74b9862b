"""Bundles: what is in them, and that they are never wrong when they leave."""

import io
import json
import zipfile
from hashlib import sha256

import pytest

from ledger.bundle import Bundle, CannotBundle, build
from ledger.bundle.verify import canonical, read_zip, verify, write_zip
from ledger.tests.bundling import (
    CARD,
    INPUT,
    LOCK,
    LOG,
    MODEL,
    SALT,
    Log,
    bundle,
    commitment,
    receipt,
    signer,
)

ENTRY = canonical(
    {
        "actor": commitment(b'{"user":3}'),
        "at": "2026-11-20T08:15:01.500000Z",
        "details": {"name": "x"},
        "format": "shelfmark-entry/2",
        "id": "01a1fa6d-0532-7bbb-b08b-c66dac1f525f",
        "kind": "product.changed",
        "private": commitment(b'{"note":"a \xc3\xa4"}'),
        "subject": "product:7",
    }
)


def test_a_bundle_holds_the_record_its_proof_and_how_to_check_them() -> None:
    files = read_zip(build(bundle(extra={"approval.json": b"{}"})))
    assert sorted(files) == [
        "MANIFEST", "VERIFY.md", "approval.json", "card.json", "dvc.lock", "log.vkey",
        "openings.json", "policy", "proof.tlog-proof", "record.json", "verify.py", "verify.sh",
    ]  # fmt: skip
    assert files["record.json"] == receipt()
    assert files["proof.tlog-proof"].decode() == Log(receipt()).proof()
    assert files["log.vkey"].decode() == LOG.verifier.vkey + "\n"
    assert files["policy"].decode() == f"log {LOG.verifier.vkey}\nquorum none\n"
    assert (files["card.json"], files["dvc.lock"]) == (CARD, LOCK)
    openings = json.loads(files["openings.json"])
    assert openings["input"] == {"salt": SALT.hex(), "value": json.loads(INPUT)}
    assert openings["person"]["value"] == {"user": 3}
    assert openings["device"]["value"] == "tablet-7"


def test_the_manifest_is_one_of_sha256sum_and_lists_every_other_file() -> None:
    files = read_zip(build(bundle()))
    lines = files.pop("MANIFEST").decode().splitlines()
    assert lines == [f"{sha256(data).hexdigest()}  {name}" for name, data in sorted(files.items())]


def test_equal_parts_make_equal_bytes() -> None:
    assert build(bundle()) == build(bundle())


def test_any_program_for_zip_files_can_open_a_bundle() -> None:
    data = build(bundle())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == read_zip(data)


def test_an_entry_without_model_makes_a_bundle_too() -> None:
    openings = {"actor": (SALT, b'{"user":3}'), "details": (SALT, b'{"note":"a \xc3\xa4"}')}
    proof = Log(ENTRY).proof()
    data = build(bundle(ENTRY, proof=proof, openings=openings, card=None, dvc_lock=None))
    assert "dvc.lock" not in read_zip(data)
    assert [check.status for check in verify(data, [LOG.verifier.vkey])] == ["good"] * 6


def test_a_receipt_from_before_there_were_commitments_makes_a_bundle_too() -> None:
    record = receipt(format="shelfmark-receipt/1", input={"name": "x"})
    data = build(bundle(record, proof=Log(record).proof(), openings={}))
    assert {check.status for check in verify(data, [LOG.verifier.vkey])} == {"good"}


def test_an_answer_of_nobody_has_no_card() -> None:
    record = receipt(model_sha256=None, dataset_sha256=None)
    data = build(bundle(record, proof=Log(record).proof(), card=None, dvc_lock=None))
    assert {check.status for check in verify(data, [LOG.verifier.vkey])} == {"good"}


def test_what_was_erased_is_left_out_and_the_rest_still_verifies() -> None:
    data = build(bundle(openings={}))
    assert "openings.json" not in read_zip(data)
    sentences = [check.sentence for check in verify(data) if check.status == "open"]
    assert sum("only a commitment" in sentence for sentence in sentences) == 3


def test_two_keys_of_a_rotation_and_a_witness_are_named() -> None:
    second, witness = signer(8), signer(9, "witness.example/w", 4)
    signers = [LOG, second, witness]
    data = build(
        bundle(
            proof=Log(receipt()).proof(signers=signers),
            vkeys=[one.verifier.vkey for one in signers],
        )
    )
    files = read_zip(data)
    assert files["policy"].decode().splitlines() == [
        f"log {LOG.verifier.vkey}",
        f"log {second.verifier.vkey}",
        f"witness witness.example/w {witness.verifier.vkey}",
        "quorum none",
    ]
    assert files["log.vkey"].decode().splitlines() == [LOG.verifier.vkey, second.verifier.vkey]
    assert "The witness witness.example/w saw this checkpoint at 2026-09-21 14:13:20 UTC." in [
        check.sentence for check in verify(data)
    ]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (bundle(proof=Log(receipt(), index=699).proof().replace("699", "700")), "does not lead"),
        (bundle(vkeys=[signer(9).verifier.vkey]), "No known key"),
        (bundle(vkeys=["nonsense"]), "base64"),
        (bundle(origin="log.example/other"), "not log.example/other"),
        (bundle(openings={"input": (SALT, b'"x"')}), "not the one of the record"),
        (bundle(openings={"input": (SALT, b'{"b":1,"a":2}')}), "canonical JSON"),
        (bundle(openings={"input": (b"short", INPUT)}), "openings.json is not spelled"),
        (bundle(openings={"mood": (SALT, INPUT)}), "what the record does not have"),
        (bundle(card=CARD.replace(MODEL.encode(), b"c" * 64)), "does not speak of the model"),
        (bundle(card=CARD + b" "), "does not name this card"),
        (bundle(receipt(format="shelfmark-receipt/9")), "format"),
        (bundle(receipt() + b"\n"), "canonical JSON"),
        (bundle(extra={"../x": b""}), "cannot be the name"),
        (bundle(extra={"record.json": b""}), "of its own"),
        (bundle(extra={"MANIFEST": b""}), "of its own"),
    ],
)
def test_a_bundle_that_would_not_verify_is_not_handed_out(wrong: Bundle, why: str) -> None:
    with pytest.raises(CannotBundle, match=why):
        build(wrong)


def test_a_zip_that_another_program_packed_is_refused() -> None:
    files = read_zip(build(bundle()))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in sorted(files.items()):
            archive.writestr(name, data)
    (found,) = verify(packed.getvalue())
    assert found.status == "bad"
    assert "its bytes are not those of its files" in found.sentence


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"x" * 99])
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    (found,) = verify(data)
    assert found.status == "bad"


def test_a_zip_has_one_spelling() -> None:
    data = build(bundle())
    assert write_zip(read_zip(data)) == data
    for wrong in (data + b"\x00", b"\x00" + data, data[:-1], data + data):
        assert [check.status for check in verify(wrong)] == ["bad"]
