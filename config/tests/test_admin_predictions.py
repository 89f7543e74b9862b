import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from accounts.models import User
from inventory import actions as inventory
from ledger.models import Entry
from lib import clock
from predictions import actions
from predictions.models import Prediction
from registry import files

pytestmark = pytest.mark.django_db
LIST = "/admin/predictions/prediction/"
NONSENSE = {"name": "zxqj"}
Answer = Callable[..., Any]
Enter = Callable[[User], Client]


def page_of(prediction: Prediction) -> str:
    return f"{LIST}{prediction.pk}/change/"


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def listed(answer: Any) -> list[str]:
    """Return the ids of the receipts on a page of the list."""
    assert answer.status_code == 200
    return [str(row.pk) for row in answer.context["cl"].result_list]


@pytest.fixture
def desk(enter: Enter, dora: User) -> Client:
    return enter(dora)


@pytest.mark.parametrize("who", ["alice", "bob", "dora", "admin"])
def test_staff_reads_a_receipt_and_nobody_changes_it(
    request: pytest.FixtureRequest, enter: Enter, answer: Answer, who: str
) -> None:
    prediction = answer()
    client = enter(request.getfixturevalue(who))
    assert client.get(LIST).status_code == 200
    assert client.get(page_of(prediction)).status_code == 200
    assert client.post(page_of(prediction), {"label": "x"}).status_code == 403
    assert client.post(f"{LIST}{prediction.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{LIST}add/", {}).status_code == 403


def test_somebody_without_the_permission_sees_neither_list_nor_export(
    enter: Enter, answer: Answer, roles: None
) -> None:
    prediction = answer()
    nobody = enter(User.objects.create_user("norole"))
    assert nobody.get(LIST).status_code == 403
    assert nobody.get(page_of(prediction)).status_code == 403
    assert nobody.post(f"{LIST}export/").status_code == 403
    assert not Entry.objects.filter(kind="predictions.exported").exists()


def test_a_receipt_that_is_not_there_leads_back(desk: Client) -> None:
    assert desk.get(f"{LIST}01890a5d-ac96-774b-bcce-b302099a8057/change/").status_code == 302
    assert desk.get(f"{LIST}nonsense/change/").status_code == 302


def test_the_page_tells_the_whole_lineage(
    desk: Client, answer: Answer, deployed: dict[str, str], rita: User
) -> None:
    prediction = answer()
    actions.review(
        prediction_id=prediction.pk,
        category="Fasteners > Screws",
        note="It said screws on the box.",
        by=rita,
        now=clock.now(),
    )
    body = Entry.objects.get(uuid=prediction.pk).content()
    receipt = json.loads(body)
    shown = desk.get(page_of(prediction))
    text = words(shown)
    for part in (
        prediction.label, "Cordless drill 7", "Brushless motor, two batteries.",
        *(one["category"] for one in receipt["alternatives"]),
        deployed["live"], receipt["dataset_sha256"], receipt["code_commit"],
        "Seed state", "carla", "tablet-7", "2026-11-20T08:15:00.000000Z", "req-1",
        hashlib.sha256(body).hexdigest(), "It said screws on the box.", "Corrected",
    ):  # fmt: skip
        assert escape(part) in text
    # The bytes themselves, and where the API gives them.
    assert f">{escape(body.decode())}</pre>" in shown.content.decode()
    assert f'href="/api/v1/predictions/{prediction.pk}"' in shown.content.decode()
    assert text.count("Holds:") == 4
    assert "Does not hold" not in text


def test_the_page_says_who_was_passed_over_and_why(
    desk: Client, answer: Answer, deployed: dict[str, str]
) -> None:
    prediction = answer(NONSENSE)
    text = words(desk.get(page_of(prediction)))
    assert prediction.decision_path == "none"
    assert text.count("It knows none of the words or numbers of this product.") == 3
    assert "No suggestion" in text
    assert "came from no model" in text


def test_the_page_says_what_a_product_was_then_and_is_now(
    desk: Client, answer: Answer, admin: User
) -> None:
    product = inventory.create_product(
        fields={"sku": "A-1", "name": "Cordless drill 9"}, by=admin, now=clock.now()
    )
    prediction = answer(product=product)
    inventory.update_product(
        product_id=product.pk, fields={"name": "Hammer drill 9"}, by=admin, now=clock.now()
    )
    text = words(desk.get(page_of(prediction)))
    assert "version 1 then, version 2 now" in text
    assert "Cordless drill 9 changed: Hammer drill 9" in text


def test_a_damaged_copy_of_the_answer_is_noticed(desk: Client, answer: Answer) -> None:
    prediction = answer()
    found = Prediction.objects.get(pk=prediction.pk)
    from predictions.admin.lineage import lineage

    found.confidence_ppm = 1
    checks: Any = lineage(found)["checks"]
    assert [check.holds for check in checks] == [False, True, True, True]


def test_the_list_is_narrowed_by_every_filter(
    desk: Client, answer: Answer, rita: User, admin: User, deployed: dict[str, str]
) -> None:
    product = inventory.create_product(
        fields={"sku": "4711", "name": "Cordless drill 9"}, by=admin, now=clock.now()
    )
    sure, doubtful, unknown = answer(product=product), answer({"width_mm": 212}), answer(NONSENSE)
    again = answer()
    for one, category in ((sure, None), (again, None), (again, "Fasteners > Screws")):
        actions.review(prediction_id=one.pk, category=category, note="", by=rita, now=clock.now())
    today = f"{clock.now():%Y-%m-%d}"
    yesterday = f"{clock.now() - timedelta(days=1):%Y-%m-%d}"
    everything = [again, unknown, doubtful, sure]
    waiting = [one for one in (unknown, doubtful) if one.needs_review]
    live = deployed["live"]
    expected = {
        "": everything,
        f"from_date={today}": everything,
        f"to_date={yesterday}": [],
        f"from_date={yesterday}&to_date={today}": everything,
        "from_date=nonsense": [],
        "decision_path__exact=none": [one for one in everything if one.decision_path == "none"],
        "needs_review__exact=1": [one for one in everything if one.needs_review],
        "review=reviewed": [again, sure],
        "review=accepted": [sure],
        "review=corrected": [again],
        "review=unreviewed": [unknown, doubtful],
        "review=waiting": waiting,
        "review=nonsense": [],
        f"model={live}": [one for one in everything if one.version_id == live],
        "person=carla": everything,
        "person=rita": [],
        "person=nobody": [],
        "category=Tools": [one for one in everything if one.label.startswith("Tools > ")],
        "category=Tool": [],
        f"q={sure.pk}": [sure],
        "q=4711": [sure],
        f"q={product.pk}": [sure],
        f"product={product.pk}": [sure],
        "product=4711": [],
        "product=nonsense": [],
        f"q={live[:6]}": [one for one in everything if one.version_id == live],
        "q=nonsense": [],
        "review=reviewed&person=carla&q=4711": [sure],
    }  # fmt: skip
    for query, predictions in expected.items():
        found = listed(desk.get(f"{LIST}?{query}"))
        assert found == [str(one.pk) for one in predictions], query


def test_a_long_list_is_paged_both_ways_without_counting(
    desk: Client, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from predictions.admin import PredictionAdmin

    monkeypatch.setattr(PredictionAdmin, "list_per_page", 2)
    made = [str(answer().pk) for _ in range(5)][::-1]
    with CaptureQueriesContext(connection) as queries:
        first = desk.get(f"{LIST}?decision_path__exact=live")
    assert not [query for query in queries if "COUNT(" in query["sql"].upper()]
    second = desk.get(LIST + first.context["cl"].older)
    third = desk.get(LIST + second.context["cl"].older)
    assert [listed(page) for page in (first, second, third)] == [made[:2], made[2:4], made[4:]]
    assert first.context["cl"].newer is None
    assert third.context["cl"].older is None
    assert listed(desk.get(LIST + third.context["cl"].newer)) == made[2:4]
    assert "decision_path__exact=live" in first.context["cl"].older


@pytest.mark.parametrize("query", ["before=nonsense", "after=1", "before=", "foo=1"])
def test_an_address_that_makes_no_sense_is_no_crash(desk: Client, query: str) -> None:
    assert desk.get(f"{LIST}?{query}").status_code == 302


def test_the_list_takes_as_many_queries_for_many_rows_as_for_one(
    desk: Client, answer: Answer, rita: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(LIST).status_code == 200
        return len(captured)

    actions.review(prediction_id=answer().pk, category=None, note="", by=rita, now=clock.now())
    queries()
    few = queries()
    for _ in range(9):
        actions.review(prediction_id=answer().pk, category=None, note="", by=rita, now=clock.now())
    assert queries() == few == 9


def test_a_receipt_takes_a_fixed_number_of_queries(desk: Client, answer: Answer) -> None:
    prediction = answer()
    desk.get(page_of(prediction))
    with CaptureQueriesContext(connection) as queries:
        desk.get(page_of(prediction))
    assert len(queries) == 21


def test_a_model_tells_who_let_it_in_and_whether_its_file_is_whole(
    desk: Client, answer: Answer, deployed: dict[str, str]
) -> None:
    address = f"/admin/registry/modelversion/{deployed['live']}/change/"
    text = words(desk.get(address))
    for part in (
        "Seed state",
        "still answers",
        "just checked",
        "model (this one)",
        "model.deployed",
    ):
        assert part in text
    path = files.path_of(deployed["live"], kind="model")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    assert "is cut off" in words(desk.get(address))
    path.unlink()
    assert "cannot be read" in words(desk.get(address))
    assert desk.post(address, {"status": "retired"}).status_code == 403


@pytest.mark.parametrize("table", ["approval", "deployment"])
def test_approvals_and_deployments_are_read_only(
    desk: Client, deployed: dict[str, str], table: str
) -> None:
    address = f"/admin/registry/{table}/"
    assert deployed["live"][:12] in words(desk.get(address))
    row = desk.get(address).context["cl"].result_list[0]
    assert desk.get(f"{address}{row.pk}/change/").status_code == 200
    assert desk.post(f"{address}{row.pk}/change/", {}).status_code == 403


def test_entries_are_found_by_kind_subject_actor_and_date(
    desk: Client, answer: Answer, admin: User
) -> None:
    product = inventory.create_product(
        fields={"sku": "A-1", "name": "Cordless drill 9"}, by=admin, now=clock.now()
    )
    prediction = answer(product=product)
    today = f"{clock.now():%Y-%m-%d}"
    entries = "/admin/ledger/entry/"
    made = [str(Entry.objects.get(uuid=prediction.pk).pk)]
    assert listed(desk.get(f"{entries}?kind=prediction.made&actor=carla")) == made
    assert (
        listed(
            desk.get(
                f"{entries}?subject=product:{product.pk}&kind=prediction.made&from_date={today}"
            )
        )
        == made
    )
    assert listed(desk.get(f"{entries}?kind=prediction.made&to_date=2020-01-01")) == []
    page = desk.get(f"{entries}{made[0]}/change/")
    assert "Read it as a receipt" in words(page)
    assert escape(Entry.objects.get(pk=made[0]).content().decode()) in page.content.decode()


def test_the_answer_of_the_tests_is_not_empty(answer: Answer) -> None:
    assert answer().label
