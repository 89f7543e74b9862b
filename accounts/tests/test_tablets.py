import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from accounts import actions
from accounts.actions import Alarm
from accounts.models import Tablet, TabletReport, User
from accounts.tablets import Holding, Verdict, holding, verdict
from ledger import note
from ledger.keys import Key, held
from ledger.models import Entry
from ledger.tests.logs import own_keys, seal
from lib import clock

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HAMMER, DRILL = UUID(int=1), UUID(int=2)
OLD, NEW = "a" * 64, "b" * 64
KEPT = "shelfmark.example/log\n9\nroot\n\n— shelfmark.example/log c2ln\n"
SEEN = KEPT.replace("9", "8")
ADDRESS = f"/api/v1/tablets/{HAMMER}"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Let time pass for the server."""
    moment = [NOW]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def pass_time(time: timedelta) -> None:
        moment[0] += time

    return pass_time


def tell(client: Client, body: Any, address: str = ADDRESS) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(address, text, content_type="application/json")


def said(**fields: Any) -> dict[str, Any]:
    return {"model_sha256": OLD, "checkpoint_size": 9, **fields}


def report(carla: User, at: datetime, *, uuid: UUID = HAMMER, model: str = OLD) -> Tablet:
    return actions.report_tablet(
        uuid=uuid, model_sha256=model, checkpoint_size=9, alarm=None, by=carla, now=at
    )


def told(kind: str) -> list[dict[str, Any]]:
    """Return the details of the entries of this kind about the tablet."""
    entries = Entry.objects.filter(kind=kind, subject=f"tablet:{HAMMER}").order_by("pk")
    return [json.loads(entry.content())["details"] for entry in entries]


def test_a_tablet_introduces_itself(
    client: Client, carla: User, now: Callable[[timedelta], None]
) -> None:
    client.force_login(carla)
    answer = tell(client, said())
    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(HAMMER),
        "model_sha256": OLD,
        "checkpoint_size": 9,
        "first_seen_at": "2026-11-20T12:00:00Z",
        "alarmed_at": None,
    }
    assert Tablet.objects.get().last_person == carla
    assert told("tablet.first_seen") == [{}]
    assert told("tablet.model_changed") == [{"model": OLD, "previous": None}]
    assert told("tablet.alarm") == []


def test_a_token_may_report_too(client: Client, dora: User) -> None:
    _, token = actions.create_token(user=dora, by=dora, now=clock.now())
    answer = client.post(
        ADDRESS,
        json.dumps(said(alarm=None)),
        content_type="application/json",
        headers={"Authorization": f"Token {token}"},
    )
    assert answer.status_code == 200


def test_a_session_needs_its_csrf_token(carla: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(carla)
    assert tell(client, said()).status_code == 403
    assert not Tablet.objects.exists()


def test_no_news_within_a_minute_writes_nothing(
    client: Client, carla: User, rita: User, now: Callable[[timedelta], None]
) -> None:
    client.force_login(carla)
    tell(client, said())
    before, entries = Tablet.objects.values().get(), Entry.objects.count()
    now(timedelta(seconds=59))
    client.force_login(rita)
    assert tell(client, said(checkpoint_size=12)).status_code == 200
    assert Tablet.objects.values().get() == before
    now(timedelta(seconds=1))
    assert tell(client, said(checkpoint_size=12)).json()["checkpoint_size"] == 12
    tablet = Tablet.objects.get()
    assert (tablet.last_seen_at, tablet.last_person) == (NOW + MINUTE, rita)
    # Being there is no news for the log.
    assert Entry.objects.count() == entries
    assert TabletReport.objects.count() == 1


def test_another_model_counts_at_once(
    client: Client, carla: User, now: Callable[[timedelta], None]
) -> None:
    client.force_login(carla)
    for model in (OLD, OLD, NEW, None, None, OLD):
        now(timedelta(seconds=1))
        assert tell(client, said(model_sha256=model)).json()["model_sha256"] == model
    assert told("tablet.model_changed") == [
        {"model": OLD, "previous": None},
        {"model": NEW, "previous": OLD},
        {"model": None, "previous": NEW},
        {"model": OLD, "previous": None},
    ]
    assert [one.model_sha256 for one in TabletReport.objects.order_by("pk")] == [OLD, NEW, "", OLD]


def test_an_alarm_is_kept_word_for_word_and_once(
    client: Client, carla: User, now: Callable[[timedelta], None]
) -> None:
    client.force_login(carla)
    tell(client, said())
    now(timedelta(seconds=1))
    alarm = {"kept": KEPT, "seen": SEEN}
    for _ in range(3):
        answer = tell(client, said(alarm=alarm))
        assert answer.json()["alarmed_at"] == "2026-11-20T12:00:01Z"
        now(MINUTE)
    kept = TabletReport.objects.get(kind="alarm")
    assert (kept.kept, kept.seen, kept.at) == (KEPT, SEEN, NOW + timedelta(seconds=1))
    (entry,) = told("tablet.alarm")
    assert set(entry) == {"kept_sha256", "seen_sha256"}
    # That it is quiet again takes nothing back, and something else is another alarm.
    assert tell(client, said(alarm=None)).json()["alarmed_at"] == "2026-11-20T12:00:01Z"
    tell(client, said(alarm={"kept": KEPT, "seen": ""}))
    assert len(told("tablet.alarm")) == 2


def test_the_log_holds_nothing_that_the_tablet_made_up(client: Client, carla: User) -> None:
    client.force_login(carla)
    tell(client, said(alarm={"kept": "Carla was here", "seen": "Rita too"}))
    bodies = b"".join(entry.content() for entry in Entry.objects.all())
    assert b"was here" not in bodies
    assert b"Rita" not in bodies


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ("{", None),
        ("[]", ""),
        ({}, "/model_sha256"),
        ({"model_sha256": OLD}, "/checkpoint_size"),
        (said(model_sha256=OLD[1:]), "/model_sha256"),
        (said(model_sha256=OLD + "\n"), "/model_sha256"),
        (said(model_sha256=OLD.upper()), "/model_sha256"),
        (said(model_sha256=""), "/model_sha256"),
        (said(model_sha256=7), "/model_sha256"),
        (said(checkpoint_size=-1), "/checkpoint_size"),
        (said(checkpoint_size=2**53), "/checkpoint_size"),
        (said(checkpoint_size="9"), "/checkpoint_size"),
        (said(checkpoint_size=None), "/checkpoint_size"),
        (said(alarm=True), "/alarm"),
        (said(alarm={"kept": KEPT}), "/alarm/seen"),
        (said(alarm={"kept": "", "seen": SEEN}), "/alarm/kept"),
        (said(alarm={"kept": KEPT, "seen": "x" * 20_001}), "/alarm/seen"),
        (said(alarm={"kept": "x" * 20_001, "seen": ""}), "/alarm/kept"),
        (said(alarm={"kept": "\0", "seen": ""}), "/alarm/kept"),
        (said(alarm={"kept": KEPT, "seen": "", "more": 1}), "/alarm/more"),
        (said(person="carla"), "/person"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(
    client: Client, carla: User, body: Any, pointer: str | None
) -> None:
    client.force_login(carla)
    answer = tell(client, body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    if pointer is not None:
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not Tablet.objects.exists()


def test_a_tablet_has_a_uuid(client: Client, carla: User) -> None:
    client.force_login(carla)
    for name in ("7", "x", f"{HAMMER}0", str(HAMMER).replace("-", "")):
        assert tell(client, said(), f"/api/v1/tablets/{name}").status_code == 404


def test_a_person_does_not_use_fifty_new_tablets_a_day(client: Client, carla: User) -> None:
    client.force_login(carla)
    for number in range(actions.MOST_NEW_TABLETS_A_DAY):
        report(carla, clock.now(), uuid=UUID(int=100 + number))
    answer = tell(client, said())
    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "too many tablets" in answer.json()["detail"]
    assert not Tablet.objects.filter(uuid=HAMMER).exists()
    assert tell(client, said(), f"/api/v1/tablets/{UUID(int=100)}").status_code == 200


def test_a_tablet_does_not_fill_our_tables_with_alarms(client: Client, carla: User) -> None:
    client.force_login(carla)
    for number in range(actions.MOST_ALARMS):
        assert tell(client, said(alarm={"kept": KEPT, "seen": str(number)})).status_code == 200
    assert tell(client, said(alarm={"kept": KEPT, "seen": "more"})).status_code == 429
    assert TabletReport.objects.filter(kind="alarm").count() == actions.MOST_ALARMS


def test_which_tablets_held_a_model_at_a_moment_can_be_told(carla: User) -> None:
    at = [NOW + hours * timedelta(hours=1) for hours in range(6)]
    report(carla, at[0], uuid=DRILL)
    report(carla, at[1])
    report(carla, at[2], model=NEW)
    report(carla, at[3], uuid=DRILL, model="")
    report(carla, at[4], uuid=DRILL, model=NEW)
    second = timedelta(seconds=1)
    assert holding(at[0] - second) == []
    assert holding(at[1] - second) == [Holding(DRILL, OLD, at[0], at[3])]
    both = [Holding(HAMMER, OLD, at[1], at[2]), Holding(DRILL, OLD, at[0], at[3])]
    assert holding(at[1]) == holding(at[2] - second) == both
    assert holding(at[2]) == [Holding(HAMMER, NEW, at[2], None), both[1]]
    # Who holds nothing is not listed.
    assert holding(at[3]) == [Holding(HAMMER, NEW, at[2], None)]
    assert [one.tablet for one in holding(at[5])] == [HAMMER, DRILL]


def test_alarms_do_not_hide_the_model(carla: User) -> None:
    report(carla, NOW)
    actions.report_tablet(
        uuid=HAMMER,
        model_sha256=OLD,
        checkpoint_size=9,
        alarm=Alarm(KEPT, SEEN),
        by=carla,
        now=NOW + MINUTE,
    )
    assert holding(NOW + 2 * MINUTE) == [Holding(HAMMER, OLD, NOW, None)]


def test_reports_are_not_changed(carla: User) -> None:
    report(carla, NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        TabletReport.objects.update(model_sha256=NEW)
    with pytest.raises(DatabaseError), transaction.atomic():
        TabletReport.objects.all().delete()


def test_the_auditor_reads_what_a_tablet_found(client: Client, carla: User, dora: User) -> None:
    tablet = actions.report_tablet(
        uuid=HAMMER,
        model_sha256=OLD,
        checkpoint_size=1,
        alarm=Alarm(KEPT + "<script>", SEEN),
        by=carla,
        now=NOW,
    )
    report(carla, NOW + MINUTE, uuid=DRILL)
    User.objects.filter(pk=dora.pk).update(is_staff=True)
    client.force_login(dora)
    listed = client.get("/admin/accounts/tablet/").content.decode()
    assert str(HAMMER) in listed
    assert str(DRILL) in listed
    listed = client.get("/admin/accounts/tablet/?alarmed_at__isempty=0").content.decode()
    assert str(HAMMER) in listed
    assert str(DRILL) not in listed
    page = client.get(f"/admin/accounts/tablet/{tablet.pk}/change/").content.decode()
    assert "it found the past changed" in page
    assert "— shelfmark.example/log c2ln" in page
    assert "&lt;script&gt;" in page
    assert "with 1 entry" in page
    assert "this proves nothing" in page


def test_the_auditor_is_told_what_the_evidence_proves(
    client: Client, carla: User, dora: User, tmp_path: Path, settings: Any
) -> None:
    own_keys(tmp_path, settings)
    # Whatever was waiting is sealed, too.
    ours = seal(NOW, entries=5).note
    (key,) = held(create=False)
    stranger = Key.new(key.name)

    def signed(size: int, root: bytes, by: Key = key) -> str:
        text = note.checkpoint_text(key.name, size, root)
        line = note.sign(text, name=by.name, key_id=by.key_id, signature=by.sign(text.encode()))
        return note.signed(text, [line])

    _, size, root = note.parse_checkpoint(note.parse_note(ours).text)
    proves = {
        ours: Verdict.CONTINUED,
        signed(size, bytes(32)): Verdict.CONTRADICTED,
        signed(size + 1, root): Verdict.CONTRADICTED,
        signed(size + 1, root, by=stranger): Verdict.NOTHING,
        ours.replace(f"\n{size}\n", f"\n{size + 1}\n"): Verdict.NOTHING,
        "Good day.": Verdict.NOTHING,
    }
    assert [verdict(kept) for kept in proves] == list(proves.values())

    tablet = report(carla, NOW)
    actions.report_tablet(
        uuid=HAMMER,
        model_sha256=OLD,
        checkpoint_size=9,
        alarm=Alarm(signed(size + 1, root), ours),
        by=carla,
        now=NOW + MINUTE,
    )
    User.objects.filter(pk=dora.pk).update(is_staff=True)
    client.force_login(dora)
    page = client.get(f"/admin/accounts/tablet/{tablet.pk}/change/").content.decode()
    assert "the log of today does not continue it" in page
