"""The verifier's own Ed25519 and tree, against RFC 8032 and against other implementations."""

import random
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import note, tree
from ledger.bundle import verify
from ledger.bundle.verify import verify_ed25519
from ledger.tests.bundling import LOG, Log, receipt, signer

# RFC 8032, section 7.1: TEST 1, 2 and 3.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
L = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_signatures_of_the_standard_are_right(
    public: str, message: str, signature: str
) -> None:
    parts = bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message)
    assert verify_ed25519(*parts)
    assert not verify_ed25519(parts[0], parts[1], parts[2] + b"x")


def test_random_signatures_of_another_implementation_are_right_and_changed_ones_wrong() -> None:
    chance = random.Random(3)
    for _ in range(40):
        key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        message, public = chance.randbytes(chance.randrange(200)), key.public_key()
        parts = [public.public_bytes_raw(), key.sign(message), message + b"."]
        assert verify_ed25519(parts[0], parts[1], message)
        assert not verify_ed25519(parts[0], parts[1], parts[2])
        for part in (0, 1):
            wrong = bytearray(parts[part])
            wrong[chance.randrange(len(wrong))] ^= 1 << chance.randrange(8)
            changed = [*parts[:2], message]
            changed[part] = bytes(wrong)
            assert not verify_ed25519(*changed)


def test_a_signature_has_one_spelling() -> None:
    public = LOG.verifier.public
    signature = LOG.key.sign(b"text")
    s = int.from_bytes(signature[32:], "little")
    assert verify_ed25519(public, signature, b"text")
    for other in (s + L, s + 2 * L, L - s):
        spelled = signature[:32] + other.to_bytes(32, "little")
        assert not verify_ed25519(public, spelled, b"text")
    assert not verify_ed25519(public, signature + b"\x00", b"text")
    assert not verify_ed25519(public, signature[:-1], b"text")
    assert not verify_ed25519(public[:-1], signature, b"text")


@pytest.mark.parametrize(
    "public",
    [
        (1).to_bytes(32, "little"),  # order 1
        (P - 1).to_bytes(32, "little"),  # order 2
        bytes(32),  # order 4
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),  # 8
        (P + 1).to_bytes(32, "little"),  # order 1, spelled otherwise
        (1 | 1 << 255).to_bytes(32, "little"),  # order 1, with a sign that nothing has
        (2).to_bytes(32, "little"),  # no point at all
        b"\xff" * 32,
    ],
)
def test_a_key_for_which_anything_is_signed_is_refused(public: bytes) -> None:
    for point in (1, P - 1):
        for text in (b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"):
            signature = point.to_bytes(32, "little") + bytes(32)
            assert not verify_ed25519(public, signature, text)


def test_the_verifier_and_the_log_agree_about_the_tree() -> None:
    log = Log(receipt())
    chance = random.Random(4)
    for _ in range(200):
        new = chance.randint(1, 1_000)
        old, index = chance.randint(1, new), chance.randrange(new)
        root = tree.root(new, log.read)
        leaf = log.levels[0][index]
        path = tree.inclusion_proof(index, new, log.read)
        verify.check_inclusion(leaf, index, new, path, root)
        with pytest.raises(verify.Refused):
            verify.check_inclusion(leaf, (index + 1) % (new + 1), new, path, root)
        with pytest.raises(verify.Refused):
            verify.check_inclusion(leaf, index, new, [*path, root], root)
        proof = tree.consistency_proof(old, new, log.read)
        old_root = tree.root(old, log.read)
        verify.check_consistency(old, new, old_root, root, proof)
        with pytest.raises(verify.Refused):
            verify.check_consistency(old, new, old_root, root, [*proof, root])
        with pytest.raises(verify.Refused):
            verify.check_consistency(old, new, leaf, root, proof)


def test_the_verifier_and_the_log_agree_about_notes() -> None:
    witness = signer(9, "witness.example/w", 4)
    text = Log(receipt()).proof(signers=[LOG, witness])
    theirs, ours = verify.parse_proof(text.encode()), note.parse_proof(text)
    assert (theirs.leaf, tuple(theirs.hashes)) == (ours.index, ours.hashes)
    opened = note.parse_note(ours.checkpoint)
    assert theirs.text == opened.text
    assert theirs.signatures == [(one.name, one.key_id, one.signature) for one in opened.signatures]
    for one in (LOG, witness):
        key = verify.parse_key(one.verifier.vkey)
        assert (key.name, key.key_id, key.type, key.public) == (
            one.verifier.name, one.verifier.key_id, one.verifier.type, one.verifier.public
        )  # fmt: skip


def mutations(text: str, chance: random.Random) -> Iterator[str]:
    """Yield texts that differ in a place or two, most of them badly spelled."""
    spices = ["", "\n", "\n\n", " ", "+", "=", "—", "0", "A", "\x07", "\u2003", "— a AAAAAAAA\n"]
    lines = text.splitlines(keepends=True)
    yield from ("".join(lines[:at] + lines[at + 1 :]) for at in range(len(lines)))
    yield from ("".join([*lines[: at + 1], *lines[at:]]) for at in range(len(lines)))
    while True:
        wrong = text
        for _ in range(chance.randint(1, 2)):
            at = chance.randrange(len(wrong))
            wrong = wrong[:at] + chance.choice(spices) + wrong[at + chance.randrange(2) :]
        yield wrong


def test_the_verifier_and_the_log_refuse_the_same_proofs() -> None:
    chance = random.Random(8)
    good = Log(receipt(), size=20, index=7).proof(20, [LOG, signer(9, "witness.example/w", 4)])
    refused = 0
    texts = [good, *islice(mutations(good, chance), 4_000)]
    texts += [good + "— a AAAAAAA=\n" * count for count in (98, 99)]
    texts += [good + f"— a {data}\n" for data in ("AAAAAA==", "AAAAAAA=", "!", "")]
    hashes = f"{good.splitlines()[2]}\n"
    texts += [good.replace(hashes, hashes * count, 1) for count in (59, 60)]
    for text in texts:
        try:
            ours = note.parse_proof(text)
            opened = note.parse_note(ours.checkpoint)
            head = note.parse_checkpoint(opened.text)
        except note.WrongNote:
            refused += 1
            with pytest.raises(verify.Refused):
                verify.parse_proof(text.encode())
            continue
        theirs = verify.parse_proof(text.encode())
        assert (theirs.leaf, tuple(theirs.hashes)) == (ours.index, ours.hashes)
        assert (theirs.origin, theirs.size, theirs.root) == head
        assert len(theirs.signatures) == len(opened.signatures)
    assert 1_000 < refused < len(texts)


def test_the_verifier_and_the_log_refuse_the_same_keys() -> None:
    chance = random.Random(9)
    good = LOG.verifier.vkey
    short = b64encode(b"\x01" + bytes(31)).decode()
    unknown = b64encode(b"\x06" + bytes(32)).decode()
    wrongs = [
        f"a+{sha256(b'a' + bytes([10]) + b64decode(key)).hexdigest()[:8]}+{key}"
        for key in (short, unknown)
    ]
    for vkey in [good, *wrongs, *islice(mutations(good, chance), 1_000)]:
        try:
            ours = note.Verifier.parse(vkey)
        except note.WrongNote:
            with pytest.raises(verify.Refused):
                verify.parse_key(vkey)
            continue
        assert verify.parse_key(vkey)[2:] == (ours.key_id, ours.type, ours.public)
