"""Notes, checkpoints, cosignatures and proofs against what others published."""

from base64 import b64decode, b64encode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.note import (
    Note,
    Proof,
    Signature,
    Verifier,
    WrongNote,
    check_note,
    checkpoint_text,
    cosignature,
    cosignature_message,
    cosignature_time,
    key_id,
    parse_checkpoint,
    parse_note,
    parse_proof,
    proof_text,
    sign,
    signed,
)

# The example in the documentation of golang.org/x/mod/sumdb/note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
NEUMANN_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NEUMANN_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)
# The key of the Go checksum database. The examples in c2sp.org/tlog-checkpoint and
# tlog-cosignature are a tree head that it signed, under an invented origin.
GO = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
GO_CHECKPOINT = "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
GO_LINE = (
    "— sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9"
    "nTo+zyWE+xeMcTOAYQ8=\n"
)
# The example in c2sp.org/signed-note.
SALVATORE = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n"
    "ed è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMou"
    "FSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
WITNESS_LINE = (
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJs"
    "X3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
ROOT = bytes(range(32))
ROOT64 = b64encode(ROOT).decode()
KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
LOG = Verifier("log.example/tlog", 1, KEY.public_key().public_bytes_raw())
WITNESS = Verifier("witness.example/w1", 4, KEY.public_key().public_bytes_raw())
CHECKPOINT = checkpoint_text("log.example/tlog", 42, ROOT)


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def log_line(text: str = CHECKPOINT) -> str:
    return sign(text, name=LOG.name, key_id=LOG.key_id, signature=KEY.sign(text.encode()))


def witness_line(time: int, text: str = CHECKPOINT) -> str:
    signature = cosignature(time, KEY.sign(cosignature_message(time, text)))
    return sign(text, name=WITNESS.name, key_id=WITNESS.key_id, signature=signature)


NOTE = signed(CHECKPOINT, [log_line()])


# What others published


def test_the_note_of_the_go_documentation_is_read_written_and_verified() -> None:
    verifier = Verifier.parse(NEUMANN)
    assert verifier.vkey == NEUMANN
    assert verifier.key_id.hex() == "c74f20a3"
    opened = parse_note(f"{NEUMANN_TEXT}\n{NEUMANN_LINE}")
    assert opened.text == NEUMANN_TEXT
    assert check_note(opened, [verifier], verify) == ["PeterNeumann"]

    key = Ed25519PrivateKey.from_private_bytes(b64decode(NEUMANN_SEED)[1:])
    signature = key.sign(NEUMANN_TEXT.encode())
    line = sign(NEUMANN_TEXT, name="PeterNeumann", key_id=verifier.key_id, signature=signature)
    assert line == NEUMANN_LINE


def test_a_tree_head_of_the_go_checksum_database_is_verified() -> None:
    verifier = Verifier.parse(GO)
    opened = parse_note(f"{GO_CHECKPOINT}\n{GO_LINE}")
    assert check_note(opened, [verifier], verify) == ["sum.golang.org"]
    origin, size, root = parse_checkpoint(opened.text)
    assert (origin, size) == ("go.sum database tree", 20_852_163)
    assert checkpoint_text(origin, size, root) == GO_CHECKPOINT


def test_the_note_in_the_specification_is_split_at_the_last_empty_line() -> None:
    opened = parse_note(SALVATORE)
    assert opened.text.endswith("sole:\n\ned è subito sera.\n")
    assert [item.name for item in opened.signatures] == ["quasimodo.example/salvatore"]
    assert signed(opened.text, [SALVATORE.rpartition("\n\n")[2]]) == SALVATORE


def test_the_cosignature_in_the_specification_tells_its_time() -> None:
    (signature,) = parse_note(f"{GO_CHECKPOINT}\n{WITNESS_LINE}").signatures
    assert cosignature_time(signature.signature) == 1_679_315_147
    assert len(signature.signature) == 72
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    assert cosignature_message(1_679_315_147, text) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


# Signatures


def test_a_signature_of_a_known_key_must_be_right_and_others_are_ignored() -> None:
    stranger = NEUMANN_LINE
    assert check_note(parse_note(signed(CHECKPOINT, [stranger, log_line()])), [LOG], verify) == [
        LOG.name
    ]
    with pytest.raises(WrongNote, match="No known key"):
        check_note(parse_note(signed(CHECKPOINT, [stranger])), [LOG], verify)
    with pytest.raises(WrongNote, match="No known key"):
        check_note(parse_note(NOTE), [], verify)
    other = checkpoint_text("log.example/tlog", 43, ROOT)
    with pytest.raises(WrongNote, match=r"signature of log\.example/tlog is wrong"):
        check_note(parse_note(signed(other, [log_line()])), [LOG], verify)
    # A right signature does not make up for a wrong one of another known key.
    witness = Verifier(WITNESS.name, 4, b"\x01" * 32)
    forged = sign(CHECKPOINT, name=witness.name, key_id=witness.key_id, signature=b"\x01" * 72)
    with pytest.raises(WrongNote, match="witness"):
        check_note(parse_note(signed(CHECKPOINT, [log_line(), forged])), [LOG, witness], verify)


def test_a_cosignature_covers_its_time_and_the_checkpoint() -> None:
    opened = parse_note(signed(CHECKPOINT, [log_line(), witness_line(1_790_000_000)]))
    assert check_note(opened, [LOG, WITNESS], verify) == [LOG.name, WITNESS.name]
    assert WITNESS.key_id != key_id(WITNESS.name, 1, WITNESS.public)
    signature = opened.signatures[1]
    later = Signature(signature.name, signature.key_id, cosignature(1, signature.signature[8:]))
    with pytest.raises(WrongNote, match="wrong"):
        check_note(Note(CHECKPOINT, (later,)), [WITNESS], verify)
    # The highest bit of the time must not be set, whatever was signed.
    time = (2**63).to_bytes(8, "big")
    signature_at = time + KEY.sign(cosignature_message(2**63, CHECKPOINT))
    wrong = Signature(WITNESS.name, WITNESS.key_id, signature_at)
    with pytest.raises(WrongNote, match="wrong"):
        check_note(Note(CHECKPOINT, (wrong,)), [WITNESS], verify)
    with pytest.raises(WrongNote, match="three lines"):
        check_note(parse_note(signed("hello\n", [witness_line(1, "hello\n")])), [WITNESS], verify)


def test_a_signature_of_a_wrong_length_never_reaches_the_cryptography() -> None:
    def never(public: bytes, signature: bytes, message: bytes) -> bool:
        raise AssertionError

    for verifier, length in ((LOG, 63), (LOG, 65), (LOG, 72), (WITNESS, 64), (WITNESS, 71)):
        line = Signature(verifier.name, verifier.key_id, bytes(length))
        with pytest.raises(WrongNote, match="wrong"):
            check_note(Note(CHECKPOINT, (line,)), [verifier], never)


def test_a_key_that_signs_twice_is_named_once_and_two_keys_of_one_name_are_refused() -> None:
    assert check_note(parse_note(signed(CHECKPOINT, [log_line()] * 2)), [LOG, LOG], verify) == [
        LOG.name
    ]

    class Twin(Verifier):
        @property
        def key_id(self) -> bytes:
            return LOG.key_id

    with pytest.raises(ValueError, match="Two keys are called"):
        check_note(parse_note(NOTE), [LOG, Twin(LOG.name, 1, bytes(32))], verify)


# Strictness


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "\n",
        CHECKPOINT,
        CHECKPOINT + "\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE + "x",
        "— log.example/tlog AAAAAAAA\n",
        NOTE.replace("—", "-"),
        NOTE.replace("— ", "—"),
        NOTE.replace("— ", "—  "),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("42", "4\t2"),
        NOTE.replace("42", "4\x002"),
        NOTE.replace("42", "4\ud8002"),
        *(
            f"{CHECKPOINT}\n— {line}\n"
            for line in ("a AAAAAA==", "a !", "a+b AAAAAAAA", "a\u2003b AAAAAAAA", " AAAAAAAA")
        ),
        CHECKPOINT + "\n" + "— log.example AAAAAAAA\n" * 101,
        "x" * 1_000_000 + "\n\n— log.example AAAAAAAA\n",
    ],
)
def test_a_note_that_is_not_spelled_right_is_refused(wrong: str) -> None:
    with pytest.raises(WrongNote):
        parse_note(wrong)


def test_what_is_just_within_the_limits_is_read() -> None:
    assert len(parse_note(CHECKPOINT + "\n" + "— log.example AAAAAAA=\n" * 100).signatures) == 100
    assert len(parse_proof(proof_text(0, [ROOT] * 63, NOTE)).hashes) == 63
    for time in (0, 2**63 - 1):
        opened = parse_note(signed(CHECKPOINT, [witness_line(time)]))
        assert check_note(opened, [WITNESS], verify) == [WITNESS.name]


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "a\n1\n",
        f"a\n1\n{ROOT64}",
        f"\n1\n{ROOT64}\n",
        *(f"a\n{size}\n{ROOT64}\n" for size in ("", "01", "-1", "+1", "1 ", "1_0", "١", 2**63)),
        f"a\n1\n{ROOT64[:-1]}\n",
        f"a\n1\n{ROOT64[:-2]}9=\n",
        f"a\n1\n{ROOT64} \n",
        f"a\n1\n{ROOT64.replace('/', '_')}=\n",
        f"a\n1\n{ROOT64}\n\nextension\n",
        "a\n1\nAAAA\n",
    ],
)
def test_a_checkpoint_that_is_not_spelled_right_is_refused(wrong: str) -> None:
    with pytest.raises(WrongNote):
        parse_checkpoint(wrong)


def test_a_checkpoint_may_have_further_lines() -> None:
    assert parse_checkpoint(f"a b\n0\n{ROOT64}\nextension\n") == ("a b", 0, ROOT)
    assert parse_checkpoint(f"a\n{2**63 - 1}\n{ROOT64}\n").size == 2**63 - 1


def test_a_checkpoint_that_could_not_be_read_is_not_written() -> None:
    for origin, size, root in (
        ("", 1, ROOT),
        ("a\n1", 1, ROOT),
        (f"a\n1\n{ROOT64}", 1, ROOT),
        ("a", -1, ROOT),
        ("a", 2**63, ROOT),
        ("a", 1, b"short"),
        ("a\t", 1, ROOT),
    ):
        with pytest.raises(WrongNote):
            checkpoint_text(origin, size, root)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        NEUMANN.replace("c74f20a3", "C74F20A3"),
        NEUMANN.replace("c74f20a3", "c74f20a4"),
        NEUMANN.replace("PeterNeumann", "PeterNeuman"),
        NEUMANN.replace("PeterNeumann", ""),
        NEUMANN.replace("Peter", "Peter "),
        NEUMANN.replace("ARpc", "AARpc"),
        NEUMANN[:-1],
        NEUMANN + "\n",
        NEUMANN + "+",
        # A key of the right length and id, but of a type that is not known here.
        f"a+{key_id('a', 6, ROOT).hex()}+{b64encode(bytes([6]) + ROOT).decode()}",
        f"a+{key_id('a', 1, ROOT[1:]).hex()}+{b64encode(bytes([1]) + ROOT[1:]).decode()}",
    ],
)
def test_a_key_that_is_not_spelled_right_is_refused(wrong: str) -> None:
    with pytest.raises(WrongNote):
        Verifier.parse(wrong)


def test_a_signature_that_could_not_be_read_is_not_written() -> None:
    for text, name, id_, signature in (
        ("no newline", "a", bytes(4), b"x"),
        ("a\n", "a b", bytes(4), b"x"),
        ("a\n", "a", bytes(3), b"x"),
        ("a\n", "a", bytes(4), b""),
    ):
        with pytest.raises(WrongNote):
            sign(text, name=name, key_id=id_, signature=signature)
    for time, signature in ((-1, bytes(64)), (2**63, bytes(64)), (1, bytes(63))):
        with pytest.raises(WrongNote):
            cosignature(time, signature)


def test_a_proof_is_written_as_the_specification_says() -> None:
    text = proof_text(7, [ROOT, bytes(32)], NOTE)
    assert text == (
        f"c2sp.org/tlog-proof@v1\nindex 7\n{ROOT64}\n{b64encode(bytes(32)).decode()}\n\n{NOTE}"
    )
    assert parse_proof(text) == Proof(7, (ROOT, bytes(32)), NOTE)
    assert parse_proof(proof_text(0, [], NOTE)) == Proof(0, (), NOTE)
    assert parse_note(parse_proof(text).checkpoint).text == CHECKPOINT
    # It may carry something more, which nobody has signed.
    more = parse_proof(text.replace("index", "extra AAEC\nindex"))
    assert more == Proof(7, (ROOT, bytes(32)), NOTE, b"\x00\x01\x02")


PROOF = proof_text(7, [ROOT], NOTE)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        NOTE,
        PROOF.replace("@v1", "@v2"),
        *(PROOF.replace("index 7", f"index {n}") for n in ("07", " 7", "-7", 2**63)),
        PROOF.replace("index 7\n", ""),
        PROOF.replace("index 7", "extra A\nindex 7"),
        PROOF.replace("index 7", "extra AAEC\nextra AAEC\nindex 7"),
        PROOF.replace(ROOT64, ROOT64[:-1]),
        PROOF.replace(ROOT64, "AAAA"),
        PROOF.replace(f"{ROOT64}\n\n", f"{ROOT64}\n"),
        PROOF.replace(f"{ROOT64}\n\n", f"{ROOT64}\n\n\n"),
        PROOF.replace("\n42\n", "\n042\n"),
        PROOF[:-1],
        PROOF.split("\n\n")[0] + "\n",
        PROOF.replace(f"7\n{ROOT64}\n", "7\n" + f"{ROOT64}\n" * 64),
        "c2sp.org/tlog-proof@v1\n\n" + NOTE,
    ],
)
def test_a_proof_that_is_not_spelled_right_is_refused(wrong: str) -> None:
    assert wrong != PROOF
    with pytest.raises(WrongNote):
        parse_proof(wrong)


def test_a_proof_that_could_not_be_read_is_not_written() -> None:
    with pytest.raises(WrongNote):
        proof_text(-1, [], NOTE)
    with pytest.raises(WrongNote):
        proof_text(1, [b"short"], NOTE)
    with pytest.raises(WrongNote):
        proof_text(1, [], CHECKPOINT)


def test_a_proof_with_any_bit_flipped_is_refused_or_says_something_else() -> None:
    data = PROOF.encode()
    good = parse_proof(PROOF)
    for place in range(len(data)):
        for bit in range(8):
            wrong = bytearray(data)
            wrong[place] ^= 1 << bit
            try:
                assert parse_proof(wrong.decode()) != good
            except (UnicodeDecodeError, WrongNote):
                continue


@given(st.text(max_size=200))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    for parse in (parse_note, parse_checkpoint, parse_proof, Verifier.parse):
        try:
            parse(text)
        except WrongNote:
            continue


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_a_checkpoint_that_is_written_can_be_read(origin: str, size: int, root: bytes) -> None:
    assert parse_checkpoint(checkpoint_text(origin, size, root)) == (origin, size, root)
