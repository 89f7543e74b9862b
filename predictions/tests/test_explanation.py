"""Why an answer was given: from its receipt and the model that the receipt names."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from categorizer.explain import explain
from categorizer.model import load
from ledger.models import Entry, Erasure, Opening
from lib import clock
from predictions import serving
from predictions.explanations import CannotExplain, UnknownLabel, explain_receipt
from predictions.tests.conftest import DRILL, Post
from registry import actions as registry
from registry import files
from registry.release import read_release
from registry.tests.releases import CATEGORIES, SHA256

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_model_is_left_from_another_test() -> Iterator[None]:
    yield
    serving._retired.cache_clear()


def why(client: Client, answer: dict[str, Any], **query: str) -> Any:
    return client.get(f"/api/v1/predictions/{answer['id']}/explanation", query)


def receipt_of(answer: dict[str, Any]) -> dict[str, Any]:
    receipt: dict[str, Any] = json.loads(Entry.objects.get(uuid=answer["id"]).content())
    return receipt


def test_the_contributions_add_up_to_the_score_of_the_receipt(
    deployed: SHA256, client: Client, post: Post
) -> None:
    answer = post(DRILL).json()
    response = why(client, answer)
    assert response.status_code == 200
    told = response.json()
    assert (told["id"], told["category"]) == (answer["id"], answer["category"])
    assert told["score"] == receipt_of(answer)["score"]
    shown = sum(one["amount"] for one in told["contributions"])
    assert told["bias"] + shown + told["others"]["amount"] == told["score"]
    assert len(told["contributions"]) == 12
    assert told["others"]["count"] > 0


def test_it_says_what_the_model_itself_says(deployed: SHA256, client: Client, post: Post) -> None:
    sha256 = deployed["live"]
    model = load(files.read(sha256, kind="model"), sha256=sha256)
    expected = explain(model, DRILL)
    told = why(client, post(DRILL).json()).json()
    assert (told["bias"], told["score"]) == (expected.bias, expected.score)
    for one in told["contributions"]:
        del one["share_ppm"]
    assert told["contributions"] == [asdict(one) for one in expected.contributions[:12]]
    assert told["others"]["count"] == len(expected.contributions) - 12


def test_the_largest_reason_comes_first_and_says_its_share(
    deployed: SHA256, client: Client, post: Post
) -> None:
    told = why(client, post(DRILL).json()).json()
    sizes = [abs(one["amount"]) for one in told["contributions"]]
    assert sizes == sorted(sizes, reverse=True)
    shares = [one["share_ppm"] for one in told["contributions"]]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1_000_000


def test_another_category_is_explained_on_demand(
    deployed: SHA256, client: Client, post: Post
) -> None:
    answer = post(DRILL).json()
    for other in answer["alternatives"]:
        told = why(client, answer, category=other["category"]).json()
        assert (told["category"], told["score"]) == (other["category"], other["score"])


def test_a_category_that_the_model_never_learned_is_refused(
    deployed: SHA256, client: Client, post: Post
) -> None:
    response = why(client, post(DRILL).json(), category="Boats")
    assert (response.status_code, response.json()["code"]) == (422, "unknown_category")
    assert "Boats" in response.json()["detail"]


def test_an_old_answer_is_explained_by_the_model_that_gave_it(
    deployed: SHA256, client: Client, post: Post, trained_otherwise: Path
) -> None:
    answer = post(DRILL).json()
    before = why(client, answer).json()
    registry.plant(release=read_release(trained_otherwise), by=registry.robot(), now=clock.now())
    serving.forget()
    assert post(DRILL).json()["model"] != answer["model"]
    assert why(client, answer).json() == before


def test_an_answer_of_the_fallback_is_explained_by_the_fallback(
    deployed: SHA256, client: Client, post: Post
) -> None:
    files.path_of(deployed["live"], kind="model").unlink()
    serving.loaded.cache_clear()
    serving.forget()
    answer = post(DRILL).json()
    assert (answer["decision_path"], answer["model"]) == ("fallback", deployed["fallback"])
    assert why(client, answer).json()["score"] == receipt_of(answer)["score"]


def test_without_the_file_of_its_model_an_old_answer_is_not_explained(
    deployed: SHA256, client: Client, post: Post, trained_otherwise: Path
) -> None:
    answer = post(DRILL).json()
    registry.plant(release=read_release(trained_otherwise), by=registry.robot(), now=clock.now())
    serving.forget()
    files.path_of(answer["model"], kind="model").unlink()
    response = why(client, answer)
    assert (response.status_code, response.json()["code"]) == (409, "cannot_explain")
    assert "can no longer be read" in response.json()["detail"]


def test_a_model_that_was_tampered_with_explains_nothing(
    deployed: SHA256, client: Client, post: Post, trained_otherwise: Path
) -> None:
    answer = post(DRILL).json()
    registry.plant(release=read_release(trained_otherwise), by=registry.robot(), now=clock.now())
    serving.forget()
    path = files.path_of(answer["model"], kind="model")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    assert why(client, answer).json()["code"] == "cannot_explain"


def test_a_receipt_that_the_model_contradicts_is_not_explained(
    deployed: SHA256, post: Post
) -> None:
    receipt = receipt_of(post(DRILL).json())
    explain_receipt(receipt)
    with pytest.raises(CannotExplain, match="no longer adds up"):
        explain_receipt({**receipt, "score": receipt["score"] + 1})
    with pytest.raises(UnknownLabel):
        explain_receipt(receipt, label="Boats")


@pytest.mark.parametrize("path", ["none", "rules"])
def test_where_no_words_were_weighed_there_is_nothing_to_explain(
    deployed: SHA256, client: Client, post: Post, path: str
) -> None:
    if path == "none":
        answer = post({"price": "1.00"}).json()
    else:
        for role in ("live", "fallback"):
            files.path_of(deployed[role], kind="model").unlink()
        serving.loaded.cache_clear()
        serving.forget()
        answer = post({"name": "Hammer drill"}).json()
    assert answer["decision_path"] == path
    response = why(client, answer)
    assert (response.status_code, response.json()["code"]) == (409, "cannot_explain")


def test_the_answer_may_be_kept_by_this_browser_and_no_one_else(
    deployed: SHA256, post: Post, carla: User
) -> None:
    answer = post(DRILL).json()
    browser = Client()
    browser.force_login(carla)
    response = why(browser, answer)
    assert response["Cache-Control"] == "private, max-age=86400, immutable"
    # The next person at the same tablet has another cookie, and so not this answer.
    assert "Cookie" in response["Vary"]
    assert "Cache-Control" not in why(browser, answer, category="Boats")


def test_an_answer_whose_question_was_erased_is_not_explained(
    deployed: SHA256, client: Client, post: Post
) -> None:
    answer = post(DRILL).json()
    before = receipt_of(answer)
    Erasure.objects.create(entry=answer["id"], reason="Asked to.", at=clock.now())
    Opening.objects.filter(entry=answer["id"]).delete()
    response = why(client, answer)
    assert (response.status_code, response.json()["code"]) == (409, "cannot_explain")
    assert "has been erased" in response.json()["detail"]
    assert receipt_of(answer) == before


def test_an_unknown_receipt_is_not_found(deployed: SHA256, client: Client) -> None:
    unknown = {"id": "01890a5d-ac96-774b-bcce-b302099a8057"}
    assert why(client, unknown).status_code == 404


def test_an_unknown_parameter_is_refused(deployed: SHA256, client: Client, post: Post) -> None:
    assert why(client, post(DRILL).json(), label="Boats").status_code == 400


def test_every_category_can_be_explained(deployed: SHA256, client: Client, post: Post) -> None:
    answer = post(DRILL).json()
    for category in CATEGORIES:
        assert why(client, answer, category=category).json()["category"] == category


def test_a_reason_costs_two_queries(
    deployed: SHA256, client: Client, post: Post, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    answer = post(DRILL).json()
    with django_assert_num_queries(2):  # the receipt, and what was asked
        why(client, answer)


def test_ten_questions_about_an_old_answer_read_its_model_once(
    deployed: SHA256,
    client: Client,
    post: Post,
    trained_otherwise: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = post(DRILL).json()
    registry.plant(release=read_release(trained_otherwise), by=registry.robot(), now=clock.now())
    serving.forget()
    serving.chain()
    read: list[str] = []
    real = files.read

    def counted(sha256: str, *, kind: str) -> bytes:
        read.append(sha256)
        return real(sha256, kind=kind)

    monkeypatch.setattr(files, "read", counted)
    for _ in range(10):
        assert why(client, answer).status_code == 200
    assert read == [answer["model"]]
