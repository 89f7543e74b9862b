"""The desk shows how the log is doing, and where a receipt and an entry stand in it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from accounts import actions as accounts
from accounts.models import User
from inventory import actions as inventory
from ledger import actions as ledger
from ledger import log
from ledger import status as ledger_status
from ledger.actions.erasing import erase_text
from ledger.actions.publishing import keep_cosignature, note_copy
from ledger.models import Checkpoint, Entry, Leaf, LogKey, Verification
from lib import clock
from predictions import actions
from predictions.models import Prediction

pytestmark = pytest.mark.django_db

STATUS = "/admin/ledger/entry/status/"
RECEIPTS = "/admin/predictions/prediction/"
Answer = Callable[..., Any]


@pytest.fixture
def desk(enter: Callable[[User], Client], dora: User) -> Client:
    return enter(dora)


def words(page: Any) -> str:
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.content.decode()))


def receipt(client: Client, prediction: Prediction) -> str:
    return words(client.get(f"{RECEIPTS}{prediction.pk}/change/"))


def entry_page(client: Client, entry: Entry) -> str:
    return words(client.get(f"/admin/ledger/entry/{entry.pk}/change/"))


@pytest.fixture
def sealed(answer: Answer, transactional_db: None) -> Prediction:
    """An answer that is under a checkpoint."""
    made: Prediction = answer()
    ledger.seal(now=clock.now())
    return made


def exported(client: Client) -> bytes:
    answer: Any = client.post(f"{RECEIPTS}export/")
    return b"".join(answer.streaming_content)


# A receipt


def test_a_receipt_proves_its_place_in_the_log(desk: Client, sealed: Prediction) -> None:
    entry = Entry.objects.get(uuid=sealed.pk)
    leaf, checkpoint = Leaf.objects.get(entry_id=entry.pk), log.latest_checkpoint()
    assert checkpoint is not None
    text = receipt(desk, sealed)
    assert f"Leaf {leaf.index} Hash of the leaf {bytes(leaf.hash).hex()}" in text
    assert f"of {checkpoint.size} entries" in text
    assert "Holds: The proof leads from these bytes to the signed checkpoint." in text
    assert "Export the proof" in text


def test_a_receipt_that_is_not_sealed_yet_says_so(desk: Client, answer: Answer) -> None:
    text = receipt(desk, answer())
    assert "This is not sealed yet." in text
    assert "Export the proof" not in text


@pytest.mark.parametrize("what", ["leaf", "note", "key", "missing leaf"])
def test_a_proof_that_does_not_hold_is_not_passed_over(
    desk: Client, sealed: Prediction, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    checkpoint = log.latest_checkpoint()
    assert checkpoint is not None
    if what == "leaf":
        # As if the body had been changed behind the triggers.
        monkeypatch.setattr(Entry, "content", lambda self: b'{"format": "shelfmark-entry/2"}')
        text = entry_page(desk, Entry.objects.get(uuid=sealed.pk))
        assert "leads to another root" in text
    elif what == "missing leaf":
        monkeypatch.setattr(log, "read", lambda level, start, stop: [])
        text = receipt(desk, sealed)
        assert "The log is damaged, so nothing can be proved" in text
    else:
        key = LogKey.objects.get()
        other = Checkpoint(
            size=checkpoint.size, root=checkpoint.root, at=checkpoint.at,
            note=checkpoint.note.replace(f"\n{checkpoint.size}\n", f"\n{checkpoint.size + 1}\n"),
        )  # fmt: skip
        if what == "note":
            monkeypatch.setattr(log, "latest_checkpoint", lambda: other)
        else:
            key.vkey = "log+00000000+AAAA"
            monkeypatch.setattr(LogKey.objects, "values_list", lambda *a, **k: [key.vkey])
        text = receipt(desk, sealed)
    assert "Does not hold:" in text
    assert "Export the proof" not in text


def test_looking_at_a_receipt_is_an_entry(desk: Client, dora: User, answer: Answer) -> None:
    prediction = answer()
    address = f"{RECEIPTS}{prediction.pk}/change/"
    desk.get(RECEIPTS)
    desk.head(address)
    assert not Entry.objects.filter(kind="receipt.viewed").exists()
    desk.get(address)
    entry = Entry.objects.get(kind="receipt.viewed")
    assert (entry.actor_id, entry.subject) == (dora.pk, str(prediction.pk))
    # Whoever is turned away has seen nothing.
    desk.post(address)
    assert Entry.objects.filter(kind="receipt.viewed").count() == 1
    found = desk.get(f"/admin/ledger/entry/?kind=receipt.viewed&subject={prediction.pk}")
    assert "dora" in words(found)


def test_without_its_entry_nobody_sees_a_receipt(
    desk: Client, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    prediction = answer()

    def fail(*args: object, **kwargs: object) -> None:
        raise ledger.CannotRecord("no")

    monkeypatch.setattr("predictions.actions.looks.record", fail)
    with pytest.raises(ledger.CannotRecord):
        receipt(desk, prediction)


def test_an_erased_question_is_gone_and_its_proof_holds(desk: Client, sealed: Prediction) -> None:
    assert "Brushless motor" in receipt(desk, sealed)
    erase_text(entries=[sealed.pk], reason="Asked for on paper.", by=None, now=clock.now())
    text = receipt(desk, sealed)
    assert "Brushless motor" not in text
    assert text.count("because: “Asked for on paper.”") == 2  # the question and the device
    assert "What was asked was erased on" in text
    assert "Holds: The proof leads" in text
    assert "Does not hold" not in text


def test_an_erased_person_is_found_by_number_and_the_proof_holds(
    desk: Client, sealed: Prediction, carla: User
) -> None:
    accounts.erase_person(user=carla, reason="Left the house.", by=None, now=clock.now())
    text = receipt(desk, sealed)
    assert "tablet-7" not in text
    assert f"number {carla.pk}" in text
    assert "What ties the receipt to this person was erased on" in text
    assert "Brushless motor" in text  # what was asked is about a product, not about her
    assert "Holds: The proof leads" in text
    assert "Does not hold" not in text
    for told, count in ((carla.pk, 1), (f"erased-{carla.pk}", 1), ("carla", 0), (10**20, 0)):
        listed = desk.get(RECEIPTS, {"person": str(told)}).context["cl"].result_list
        assert len(listed) == count, told
        entries = desk.get("/admin/ledger/entry/", {"actor": told, "kind": "prediction.made"})
        assert len(entries.context["cl"].result_list) == count, told


def test_notes_of_reviews_stand_beside_them(desk: Client, answer: Answer, rita: User) -> None:
    prediction = answer()
    actions.review(
        prediction_id=prediction.pk, category=None, note="It said so.", by=rita, now=clock.now()
    )
    assert "“It said so.”" in receipt(desk, prediction)
    assert "It said so." in words(desk.get("/admin/predictions/review/"))
    line = exported(desk).decode().splitlines()[1]
    assert line.endswith('"It said so."')


def test_lists_and_exports_ask_for_all_notes_at_once(
    desk: Client, answer: Answer, rita: User
) -> None:
    def queries(ask: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            ask()
        return len(captured)

    def review() -> None:
        actions.review(prediction_id=answer().pk, category=None, note="x", by=rita, now=clock.now())

    def look() -> None:
        desk.get("/admin/predictions/review/")
        desk.get("/admin/ledger/entry/")

    review()
    look()
    exported(desk)
    few = queries(look), queries(lambda: exported(desk))
    for _ in range(4):
        review()
    assert (queries(look), queries(lambda: exported(desk))) == few


# An entry


def test_an_entry_tells_what_it_only_commits_to(desk: Client, admin: User) -> None:
    product = inventory.create_product(
        fields={"sku": "A-7", "name": "Claw hammer"}, by=admin, now=clock.now()
    )
    entry = Entry.objects.get(kind="product.created", subject=f"product:{product.pk}")
    text = entry_page(desk, entry)
    assert f"admin (number {admin.pk})" in text
    assert "Claw hammer" in text
    assert "Claw hammer" not in entry.content().decode()
    assert text.count("is what the entry is committed to.") == len(
        [one for one in ("actor", "private") if json.loads(entry.content())[one]]
    )
    erase_text(entries=[entry.uuid], reason="A name was in it.", by=None, now=clock.now())
    text = entry_page(desk, entry)
    assert "Claw hammer" not in text
    assert "What was kept of the details was erased on" in text


def test_the_program_itself_has_no_name(desk: Client) -> None:
    with transaction.atomic():
        entry = ledger.record("log.tested", actor=None, subject="log", now=clock.now())
    assert "Who did it the program" in entry_page(desk, entry)
    assert "the program" in words(desk.get("/admin/ledger/entry/?kind=log.tested"))


# The log


def test_the_state_of_the_log_is_for_those_who_audit(
    request: pytest.FixtureRequest, enter: Callable[[User], Client]
) -> None:
    for who, status in (("alice", 403), ("bob", 403), ("dora", 200), ("admin", 200)):
        client = enter(request.getfixturevalue(who))
        assert client.get(STATUS).status_code == status, who
        assert client.post(STATUS).status_code == 403, who
        assert ("State of the log" in words(client.get("/admin/"))) is (status == 200)


def test_an_empty_log_has_a_state_too(desk: Client) -> None:
    text = words(desk.get(STATUS))
    assert "Nothing has been signed yet." in text
    assert "No key has signed yet." in text
    assert "never. Type python manage.py verify_ledger ." in text
    assert "No witness is set up." in text


def test_the_last_checkpoint_stands_there_word_for_word(desk: Client, sealed: Prediction) -> None:
    checkpoint = log.latest_checkpoint()
    assert checkpoint is not None
    page = desk.get(STATUS)
    assert f">{escape(checkpoint.note)}</pre>" in page.content.decode()
    text = words(page)
    assert bytes(checkpoint.root).hex() in text
    assert LogKey.objects.get().vkey in text
    saved = re.search(r'href="([^"]+)" download="([^"]+)"', page.content.decode())
    assert saved is not None
    assert saved[2] == f"checkpoint-{checkpoint.size}.txt"
    assert desk.get(saved[1]).content.decode() == checkpoint.note


def test_what_waits_is_counted_with_the_age_of_the_oldest(
    desk: Client, sealed: Prediction, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Every entry has its place in the tree." in words(desk.get(STATUS))
    for _ in range(3):
        answer()
    later = clock.now() + timedelta(seconds=90)
    found: Any = ledger_status.status(now=later)
    assert (found["waiting"].count, found["waiting"].is_more) == (3, False)
    assert 90 <= found["waits_seconds"] < 150
    assert "entries have no place in the tree yet." in words(desk.get(STATUS))
    monkeypatch.setattr(ledger_status, "MOST_WAITING", 2)
    found = ledger_status.status(now=later)
    assert (found["waiting"].count, found["waiting"].is_more) == (2, True)


def test_a_guard_that_is_gone_is_named(desk: Client) -> None:
    assert "The database lacks" not in words(desk.get(STATUS))
    is_sqlite = connection.vendor == "sqlite"
    name = "ledger_entry_no_update" if is_sqlite else "ledger_entry_no_truncate"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{'' if is_sqlite else ' ON ledger_entry'}")
    text = words(desk.get(STATUS))
    assert "The database lacks what guards the log" in text
    assert f"trigger {name} is gone." in text


def test_the_last_check_of_the_log_is_told(desk: Client) -> None:
    now = clock.now()
    Verification.objects.create(
        at=now, size=7, checkpoint_size=7, is_good=True, faults=0, milliseconds=12
    )
    assert "All 7 entries are as they were written." in words(desk.get(STATUS))
    Verification.objects.create(
        at=now, size=8, checkpoint_size=7, is_good=False, faults=2, milliseconds=12,
        first_bad="Entry 3 was changed.",
    )  # fmt: skip
    text = words(desk.get(STATUS))
    assert "The log was changed. 2 faults were found. The first: Entry 3 was changed." in text


def test_copies_and_witnesses_are_told(desk: Client, sealed: Prediction, settings: Any) -> None:
    checkpoint = log.latest_checkpoint()
    assert checkpoint is not None
    settings.CHECKPOINT_MAIL = ["auditor@example.org"]
    settings.WITNESSES = [("https://witness.example/", LogKey.objects.get().vkey)]
    text = words(desk.get(STATUS))
    assert "file not set up never" in text
    assert "mail auditor@example.org never" in text
    assert "None of them has signed the last checkpoint yet." in text
    now = clock.now()
    note_copy(checkpoint=checkpoint, way="mail", day=now.date(), now=now)
    keep_cosignature(checkpoint=checkpoint, name="witness.example/w", line="— w x\n", now=now)
    text = words(desk.get(STATUS))
    assert f"UTC, of {checkpoint.size} entries" in text
    assert "witness.example/w has signed the last checkpoint" in text


def test_entries_are_counted_by_day_and_what_they_are_about(
    desk: Client, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        answer()
    monkeypatch.setattr(ledger_status, "MOST_KINDS", 50)
    kinds = ledger_status.kinds(now=clock.now())
    assert kinds.total == Entry.objects.count()
    counted = dict(zip((name for _, name in kinds.used), kinds.rows[-1][1], strict=True))
    assert counted["prediction"] == 3
    assert sum(counted.values()) == kinds.rows[-1][2] == kinds.total
    assert ledger_status.kinds(now=clock.now() + timedelta(days=14)).total == 0
    monkeypatch.setattr(ledger_status, "MOST_KINDS", 2)
    few = ledger_status.kinds(now=clock.now())
    assert [name for _, name in few.used][1:] == ["others"]
    assert sum(few.rows[-1][1]) == few.total == kinds.total
    monkeypatch.setattr(ledger_status, "MOST", 2)
    assert ledger_status.kinds(now=clock.now()).total == 2


def test_the_state_of_the_log_takes_a_fixed_number_of_queries(
    desk: Client, sealed: Prediction, answer: Answer
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(STATUS).status_code == 200
        return len(captured)

    queries()
    few = queries()
    for _ in range(5):
        answer()
    assert queries() == few
