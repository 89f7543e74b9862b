"""Replays and recalls in the audit desk."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from inventory import actions as inventory
from ledger.models import Entry
from lib import clock
from predictions import jobs
from predictions.models import Prediction, Recall, ReplayFinding, ReplayRun
from predictions.tests.conftest import DRILL
from registry import files

pytestmark = pytest.mark.django_db
RUNS = "/admin/predictions/replayrun/"
RECALLS = "/admin/predictions/recall/"
LIST = "/admin/predictions/prediction/"
Answer = Callable[..., Any]
Enter = Callable[[User], Client]


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


@pytest.fixture
def desk(enter: Enter, dora: User) -> Client:
    return enter(dora)


def test_a_button_on_the_receipt_replays_it(desk: Client, answer: Answer) -> None:
    prediction = answer()
    page = desk.get(f"{LIST}{prediction.pk}/change/").content.decode()
    address = f"{RUNS}one/{prediction.pk}/"
    assert f'action="{address}"' in page
    result = desk.post(address)
    assert "Identical." in words(result)
    assert Entry.objects.filter(kind="prediction.replayed", subject=prediction.pk).count() == 1


def test_a_link_cannot_make_a_replay(desk: Client, answer: Answer, dora: User) -> None:
    address = f"{RUNS}one/{answer().pk}/"
    assert desk.get(address).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(dora)
    assert strict.post(address).status_code == 403
    assert not Entry.objects.filter(kind="prediction.replayed").exists()


def test_who_does_not_audit_has_no_button(enter: Enter, answer: Answer, alice: User) -> None:
    prediction = answer()
    client = enter(alice)
    assert "Replay this" not in words(client.get(f"{LIST}{prediction.pk}/change/"))
    assert client.post(f"{RUNS}one/{prediction.pk}/").status_code == 403


def test_what_is_different_is_told_field_by_field(
    desk: Client, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from predictions.replay import stored
    from predictions.tests.test_replay import changed

    prediction = answer()
    monkeypatch.setattr(
        "predictions.actions.replays.stored",
        lambda ids: [changed(one, score=1) for one in stored(ids)],
    )
    told = words(desk.post(f"{RUNS}one/{prediction.pk}/"))
    assert "Different." in told
    assert f"score 1 {prediction.score}" in told


def test_why_it_cannot_be_replayed_is_told(desk: Client, answer: Answer) -> None:
    prediction = answer()
    files.path_of(prediction.version_id, kind="model").unlink()
    told = words(desk.post(f"{RUNS}one/{prediction.pk}/"))
    assert "It cannot be replayed." in told
    assert prediction.version_id in told


def test_a_prediction_that_is_not_there_is_not_replayed(desk: Client) -> None:
    assert desk.post(f"{RUNS}one/01890a5d-ac96-774b-bcce-b302099a8057/").status_code == 404


def test_a_range_is_requested_with_a_form_and_its_page_tells_how_far_it_is(
    desk: Client, answer: Answer
) -> None:
    prediction = answer()
    answer({"name": "zxqj"})
    today = f"{clock.now():%Y-%m-%d}"
    sent = {"from_date": today, "to_date": today, "model": prediction.version_id, "path": "live"}
    page = desk.post(f"{RUNS}request/", sent, follow=True)
    assert "It waits for the job runner" in words(page)
    assert "replay-run" in page.content.decode()
    run = ReplayRun.objects.get()
    assert (run.total, run.path, run.version_id) == (1, "live", prediction.version_id)
    told = desk.get(f"{RUNS}{run.pk}/progress/")
    assert told.json()["is_open"]
    jobs.replay_ranges()
    told = desk.get(f"{RUNS}{run.pk}/progress/").json()
    assert (told["is_open"], told["done"], told["total"]) == (False, 1, 1)
    page = desk.get(f"{RUNS}{run.pk}/change/")
    assert "All 1 predictions are identical." in words(page)
    assert "replay-run" not in page.content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        {"from_date": "yesterday"},
        {"from_date": "2026-11-21", "to_date": "2026-11-20"},
        {"model": "abc"},
        {"path": "oracle"},
    ],
)
def test_a_range_that_makes_no_sense_is_refused_with_a_sentence(
    desk: Client, sent: dict[str, str]
) -> None:
    page = desk.post(f"{RUNS}request/", sent)
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
    assert not ReplayRun.objects.exists()


def test_a_page_says_what_is_not_identical(desk: Client, answer: Answer) -> None:
    prediction = answer()
    files.path_of(prediction.version_id, kind="model").unlink()
    desk.post(f"{RUNS}request/", {})
    jobs.replay_ranges()
    run = ReplayRun.objects.get()
    told = words(desk.get(f"{RUNS}{run.pk}/change/"))
    assert "1 cannot be replayed" in told
    assert prediction.version_id in told
    found = desk.get("/admin/predictions/replayfinding/", {"run": run.pk})
    assert str(prediction.pk) in words(found)
    for run_number in (run.pk + 1, "x", "9" * 30):
        other = desk.get("/admin/predictions/replayfinding/", {"run": run_number})
        assert str(prediction.pk) not in words(other)
    assert ReplayFinding.objects.count() == 1


def test_the_page_is_honest_about_a_run_that_nobody_begins(desk: Client, answer: Answer) -> None:
    answer()
    desk.post(f"{RUNS}request/", {})
    run = ReplayRun.objects.get()
    ReplayRun.objects.filter(pk=run.pk).update(requested_at=clock.now() - timedelta(minutes=2))
    assert "Nobody has begun yet." in words(desk.get(f"{RUNS}{run.pk}/change/"))
    ReplayRun.objects.filter(pk=run.pk).update(state="failed", why="OSError: disk.")
    assert "OSError: disk." in words(desk.get(f"{RUNS}{run.pk}/change/"))
    ReplayRun.objects.filter(pk=run.pk).update(state="running", why="")
    assert "0 of 1 predictions" in words(desk.get(f"{RUNS}{run.pk}/change/"))


# Recalls


@pytest.fixture
def filed(deployed: dict[str, str], categories: None, admin: User) -> str:
    """A product that was filed because of the live model; its digest."""
    fields: Any = {**DRILL, "sku": "A"}
    inventory.create_product(fields=fields, by=admin, now=clock.now())
    jobs.predict_new_products()
    assert not Prediction.objects.get().needs_review
    return deployed["live"]


def test_an_approver_recalls_a_model_in_one_step(filed: str, enter: Enter, bob: User) -> None:
    client = enter(bob)
    address = f"{RECALLS}model/{filed}/"
    page = words(client.get(address))
    assert "1 answer that nobody reviewed would wait" in page
    assert "This model still answers, as live" in page
    assert "deploy_model" in page
    page = words(client.post(address, {"reason": "Swapped labels."}, follow=True))
    assert "1 answer waits for a person now." in page
    assert "Swapped labels." in page
    assert "waits for a person already" in page
    assert Recall.objects.get().recalled_by == bob
    assert "Swapped labels." in words(client.get(RECALLS))


def test_a_recall_without_a_reason_is_refused(filed: str, enter: Enter, bob: User) -> None:
    page = enter(bob).post(f"{RECALLS}model/{filed}/", {"reason": " "}, follow=True)
    assert "Say why" in words(page)
    assert not Recall.objects.exists()


def test_an_auditor_sees_it_and_recalls_nothing(filed: str, desk: Client) -> None:
    address = f"{RECALLS}model/{filed}/"
    assert "Approvers and administrators may do that." in words(desk.get(address))
    assert desk.post(address, {"reason": "x"}).status_code == 403
    assert not Recall.objects.exists()


def test_a_model_is_found_by_how_its_digest_begins(
    filed: str, deployed: dict[str, str], desk: Client
) -> None:
    found = desk.get(f"{RECALLS}model/", {"sha256": filed[:10].upper()})
    assert found["Location"] == f"{RECALLS}model/{filed}/"
    for told, sentence in (("", "Write the sha256"), ("0" * 64, "No model here")):
        refused = desk.get(f"{RECALLS}model/", {"sha256": told}, follow=True)
        assert sentence in words(refused)
    assert desk.get(f"{RECALLS}model/{'0' * 64}/").status_code == 404
    page = desk.get(f"/admin/registry/modelversion/{filed}/change/").content.decode()
    assert f"{RECALLS}model/{filed}/" in page


@pytest.mark.parametrize(
    ("standing", "count"),
    [("applied", 1), ("unreviewed", 1), ("unstored", 1), ("deleted", 0), ("nonsense", 0)],
)
def test_the_list_and_its_export_can_be_narrowed_to_what_became_of_the_answers(
    filed: str, desk: Client, answer: Answer, standing: str, count: int
) -> None:
    answer()
    query = f"?model={filed}&standing={standing}"
    listed = desk.get(f"{LIST}{query}")
    assert len(listed.context["cl"].result_list) == count
    exported: Any = desk.post(f"{LIST}export/{query}")
    text = b"".join(exported.streaming_content).decode("utf-8-sig")
    assert len(text.splitlines()) == 1 + count
    assert Entry.objects.filter(kind="predictions.exported").exists()
