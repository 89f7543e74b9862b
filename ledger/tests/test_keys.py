"""The private key of the log: made once, kept private, and spelled as Go spells it."""

import base64
import multiprocessing
import os
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from ledger import keys
from ledger.keys import CannotUseKey, Key, verify_ed25519

# The example in the documentation of golang.org/x/mod/sumdb/note.
SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    b"If you think cryptography is the answer to your problem,\n"
    b"then you don't know what your problem is.\n"
)
SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)


def read(
    folder: Path, *, given: tuple[tuple[str, str], ...] = (), origin: str = "", create: bool = False
) -> list[Key]:
    return keys.read(folder=folder, given=given, origin=origin, create=create)


def test_the_example_of_gos_signed_notes_is_read_and_signs_alike() -> None:
    key = Key.parse(SIGNER, source="the example")
    assert key.name == "PeterNeumann"
    assert key.vkey == VKEY
    assert key.text() == SIGNER
    assert base64.b64encode(key.key_id + key.sign(TEXT)).decode() == SIGNATURE


def test_a_signature_counts_for_its_key_and_its_bytes_only() -> None:
    key, other = Key.new("a"), Key.new("a")
    signature = key.sign(b"text")
    assert verify_ed25519(key.public, signature, b"text")
    assert not verify_ed25519(key.public, signature, b"Text")
    assert not verify_ed25519(other.public, signature, b"text")
    assert not verify_ed25519(key.public, signature[:-1], b"text")
    assert not verify_ed25519(b"short", signature, b"text")


def test_a_key_does_not_show_itself_in_a_message() -> None:
    assert "PRIVATE" not in repr(Key.new("a"))
    assert Key.new("a").text() not in repr(Key.new("a"))


def test_the_first_start_makes_a_key_and_the_next_one_finds_it(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "ledger_keys"
    (made,) = read(folder, create=True)
    assert made.name.startswith("shelfmark.local/ledger/")
    assert len(made.name) == len("shelfmark.local/ledger/") + 12
    (found,) = read(folder, create=True)
    assert found.vkey == made.vkey


def test_without_create_no_key_is_made(tmp_path: Path) -> None:
    assert read(tmp_path / "keys") == []
    assert not (tmp_path / "keys").exists()


def test_the_key_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    before = os.umask(0)
    try:
        read(folder, create=True)
    finally:
        os.umask(before)
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    read(tmp_path, create=True)
    (file,) = tmp_path.iterdir()
    file.chmod(mode)
    with pytest.raises(CannotUseKey, match=f"mode 0{mode:o}. Type `chmod 600 "):
        read(tmp_path)


def _start(folder: Path, barrier: Barrier, found: "Queue[list[str]]") -> None:
    barrier.wait()
    found.put([key.vkey for key in read(folder, create=True)])


def test_processes_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    barrier, found = fork.Barrier(4), fork.Queue()
    starts = [
        fork.Process(target=_start, args=(tmp_path / "keys", barrier, found)) for _ in range(4)
    ]
    for start in starts:
        start.start()
    vkeys = [found.get(timeout=30) for _ in starts]
    for start in starts:
        start.join()
    assert len(vkeys[0]) == 1
    assert vkeys == [vkeys[0]] * 4
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["0001.key"]


def test_what_a_killed_process_left_behind_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "unfinished").write_text("PRIVATE+KE")
    (key,) = read(tmp_path, create=True)
    assert [path.name for path in tmp_path.iterdir()] == ["0001.key"]
    assert (tmp_path / "0001.key").read_text() == key.text() + "\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        VKEY,
        SIGNER[:-4],
        SIGNER.replace("c74f20a3", "c74f20a4"),
        SIGNER.replace("PeterNeumann", "Peter Neumann"),
        SIGNER + "\n" + SIGNER,
        SIGNER.replace("AYEK", "BYEK"),
        SIGNER.replace("AYEK", "Ä"),
    ],
)
def test_a_damaged_key_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "0001.key"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(CannotUseKey, match=r"0001\.key"):
        read(tmp_path, create=True)
    with pytest.raises(CannotUseKey, match="SHELFMARK_LEDGER_KEY holds no key of a ledger"):
        read(tmp_path, given=(("SHELFMARK_LEDGER_KEY", text),))


def test_a_key_from_the_environment_needs_no_folder(tmp_path: Path) -> None:
    old = Key.new("PeterNeumann")
    given = (("SHELFMARK_LEDGER_KEY", SIGNER), ("SHELFMARK_LEDGER_KEY_PREVIOUS", old.text()))
    assert [key.vkey for key in read(tmp_path / "keys", given=given, create=True)] == [
        VKEY,
        old.vkey,
    ]
    assert not (tmp_path / "keys").exists()


def test_a_further_key_comes_first(tmp_path: Path) -> None:
    (first,) = read(tmp_path, create=True)
    second = Key.new(first.name)
    keys.add(folder=tmp_path, key=second)
    assert [key.vkey for key in read(tmp_path)] == [second.vkey, first.vkey]
    assert (tmp_path / "0002.key").stat().st_mode & 0o777 == 0o600


def test_the_origin_is_chosen_before_the_first_start(tmp_path: Path) -> None:
    (key,) = read(tmp_path, origin="shelf.example.com/ledger", create=True)
    assert key.name == "shelf.example.com/ledger"


def test_a_log_keeps_its_name(tmp_path: Path) -> None:
    read(tmp_path, origin="shelf.example.com/ledger", create=True)
    with pytest.raises(CannotUseKey, match=r"is called shelf\.example\.com/ledger"):
        read(tmp_path, origin="elsewhere")
    keys.add(folder=tmp_path, key=Key.new("elsewhere"))
    with pytest.raises(CannotUseKey, match=r"different names: elsewhere, shelf\.example"):
        read(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotUseKey, match="SHELFMARK_LEDGER_KEYS_DIR"):
        read(tmp_path / "file" / "keys", create=True)
