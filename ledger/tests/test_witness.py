"""A witness signs checkpoints, as long as the log continues what the witness saw of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.registry import scheduled
from ledger import note, tree, witness
from ledger.keys import Key, verify_ed25519
from ledger.models import Checkpoint, Cosignature
from ledger.tests.fake_witness import FakeWitness, running
from ledger.tests.logs import own_keys, seal

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

# PostgreSQL seals only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key(tmp_path: Path, settings: Any) -> Key:
    own_keys(tmp_path / "keys", settings)
    key = Key.new("shelf.example.com/ledger")
    settings.LEDGER_KEY = key.text()
    return key


@pytest.fixture
def fake(tmp_path: Path, settings: Any, key: Key) -> Iterator[FakeWitness]:
    with running(FakeWitness(tmp_path / "seen", [key.vkey])) as fake:
        settings.WITNESSES = [(fake.address, fake.verifier.vkey)]
        yield fake


def lines() -> list[tuple[int, str]]:
    return list(Cosignature.objects.order_by("pk").values_list("checkpoint__size", "line"))


def test_a_witness_signs_one_checkpoint_after_the_other(fake: FakeWitness) -> None:
    for round in range(4):
        checkpoint = seal(NOW + round * MINUTE, entries=3)
        witness.ask_all()
        cosigned = note.parse_note(checkpoint.note + lines()[-1][1])
        assert note.check_note(cosigned, [fake.verifier], verify_ed25519) == [fake.key.name]
    assert [size for size, _ in lines()] == [3, 6, 9, 12]
    assert fake.answers == [200] * 4


def test_a_checkpoint_that_is_signed_is_not_shown_again(fake: FakeWitness) -> None:
    seal(NOW)
    witness.ask_all()
    witness.ask_all()
    assert fake.answers == [200]


def test_who_signed_without_our_knowing_tells_where_to_go_on(fake: FakeWitness) -> None:
    seal(NOW, entries=5)
    # As if we had been killed before we could keep its answer.
    fake.answer(f"old 0\n\n{Checkpoint.objects.get().note}")
    seal(NOW + MINUTE, entries=5)
    witness.ask_all()
    assert fake.answers == [409, 200]
    assert [size for size, _ in lines()] == [10]


def test_a_witness_that_forgot_everything_begins_anew(fake: FakeWitness) -> None:
    seal(NOW)
    witness.ask_all()
    fake.file.unlink()
    seal(NOW + MINUTE)
    witness.ask_all()
    assert fake.answers == [200, 409, 200]
    assert len(lines()) == 2


def saw(fake: FakeWitness, key: Key, bodies: list[bytes]) -> None:
    """Show the witness another log that is signed with the same key."""
    root = tree.root_of([tree.leaf_hash(body) for body in bodies])
    text = note.checkpoint_text(key.name, len(bodies), root)
    line = note.sign(text, name=key.name, key_id=key.key_id, signature=key.sign(text.encode()))
    assert fake.answer(f"old 0\n\n{note.signed(text, [line])}")[0] == 200


def test_a_log_that_was_rewritten_is_found_out(fake: FakeWitness, key: Key) -> None:
    saw(fake, key, [b"the", b"past"])
    seal(NOW, entries=5)
    with pytest.raises(witness.NotCosigned, match="does not continue what it saw of it at 2"):
        witness.ask_all()
    assert fake.answers == [409, 422]
    assert lines() == []


def test_a_log_that_was_set_back_is_found_out(fake: FakeWitness, key: Key) -> None:
    saw(fake, key, [b"1", b"2", b"3", b"4"])
    seal(NOW)
    with pytest.raises(witness.NotCosigned, match="has seen 4 entries of this log, which has 1"):
        witness.ask_all()
    assert lines() == []


def test_another_log_of_the_same_size_is_found_out(fake: FakeWitness, key: Key) -> None:
    saw(fake, key, [b"the past"])
    seal(NOW)
    with pytest.raises(witness.NotCosigned, match="has seen another log of 1 entries"):
        witness.ask_all()
    assert lines() == []


@pytest.mark.parametrize("broken", ["other key", "other text", "no line"])
def test_a_signature_that_is_not_the_witnesss_is_not_kept(fake: FakeWitness, broken: str) -> None:
    fake.broken = broken
    seal(NOW)
    with pytest.raises(witness.NotCosigned, match="did not sign as it must"):
        witness.ask_all()
    assert lines() == []


def test_a_redirect_is_not_followed(fake: FakeWitness) -> None:
    fake.broken = "redirect"
    seal(NOW)
    with pytest.raises(witness.NotCosigned, match="answered 307"):
        witness.ask_all()
    assert fake.requests == ["/log/add-checkpoint"]


def test_a_witness_that_does_not_know_us_is_named(fake: FakeWitness) -> None:
    fake.logs = [note.Verifier.parse(Key.new("another").vkey)]
    seal(NOW)
    with pytest.raises(witness.NotCosigned, match="answered 403: 'unknown key"):
        witness.ask_all()


def test_a_witness_that_is_away_holds_up_no_other(fake: FakeWitness, settings: Any) -> None:
    away = note.Verifier(
        "away.example.com", note.COSIGNATURE, Key.new("away.example.com").public
    ).vkey
    # A port on which nobody listens.
    settings.WITNESSES = [("http://127.0.0.1:1/log", away), *settings.WITNESSES]
    seal(NOW)
    with pytest.raises(witness.NotCosigned, match=r"127\.0\.0\.1:1/log does not answer") as caught:
        witness.ask_all()
    assert "\n" not in str(caught.value)
    assert len(lines()) == 1
    assert seal(NOW + MINUTE).size == 2


def test_witnesses_and_the_sealing_do_not_wait_for_each_other() -> None:
    lanes = {name: job.lane for name, job in scheduled().items() if name.startswith("ledger.")}
    asking = lanes.pop("ledger.ask_witnesses")
    assert asking not in lanes.values()


def test_without_a_checkpoint_nobody_is_asked(fake: FakeWitness) -> None:
    witness.ask_all()
    assert fake.requests == []


def test_who_has_not_signed_for_long_is_said(fake: FakeWitness) -> None:
    assert witness.shortcomings(now=NOW) == []
    seal(NOW)
    name = fake.key.name
    assert witness.shortcomings(now=NOW) == [
        f"The witness {name} has not cosigned a checkpoint yet."
    ]
    witness.ask_all()
    kept = Cosignature.objects.get()
    assert witness.shortcomings(now=kept.at + timedelta(days=9)) == []
    seal(NOW + MINUTE)
    assert witness.shortcomings(now=kept.at + timedelta(hours=2)) == [
        f"The witness {name} last cosigned at {kept.at:%Y-%m-%d %H:%M} UTC."
    ]
