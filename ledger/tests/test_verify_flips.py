"""One flipped bit anywhere in a bundle is found."""

import random
from pathlib import Path

import pytest

from ledger.bundle import build
from ledger.bundle.verify import Check, read_zip, verify, write_zip
from ledger.tests.bundling import LOG, bundle, packed

KEY = LOG.verifier.vkey


def is_wrong(found: list[Check]) -> bool:
    return any(check.status == "bad" for check in found)


def test_one_flipped_bit_in_any_byte_of_the_zip_is_found() -> None:
    data = build(bundle())
    assert not is_wrong(verify(data))
    chance = random.Random(5)
    wrong = bytearray(data)
    places = [(place, chance.randrange(8)) for place in range(len(data))]
    places += [(chance.randrange(len(data)), chance.randrange(8)) for _ in range(2_000)]
    for place, bit in places:
        wrong[place] ^= 1 << bit
        assert is_wrong(verify(bytes(wrong))), f"bit {bit} of byte {place} is not covered"
        wrong[place] ^= 1 << bit
    assert wrong == data


def test_one_flipped_bit_in_any_file_of_an_unpacked_bundle_is_found(tmp_path: Path) -> None:
    chance = random.Random(6)
    for name, data in read_zip(build(bundle())).items():
        (tmp_path / name).write_bytes(data)
    assert not is_wrong(verify(tmp_path))
    for path in sorted(tmp_path.iterdir()):
        data = path.read_bytes()
        for place in {0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(15))}:
            wrong = bytearray(data)
            wrong[place] ^= 1 << chance.randrange(8)
            path.write_bytes(wrong)
            assert is_wrong(verify(tmp_path)), f"{path.name}, byte {place}"
        path.write_bytes(data)
    assert not is_wrong(verify(tmp_path))


@pytest.mark.parametrize(
    "name",
    [
        "record.json", "proof.tlog-proof", "log.vkey", "policy", "openings.json", "card.json",
    ],
)  # fmt: skip
def test_a_flipped_bit_is_found_though_the_zip_and_its_manifest_were_made_anew(name: str) -> None:
    chance = random.Random(7)
    data = packed({})[name]
    for _ in range(60):
        place, bit = chance.randrange(len(data)), chance.randrange(8)
        wrong = bytearray(data)
        wrong[place] ^= 1 << bit
        found = verify(write_zip(packed({name: bytes(wrong)})), [KEY])
        assert found[0].status == "good"
        assert is_wrong(found), f"bit {bit} of byte {place} of {name} is not covered"
