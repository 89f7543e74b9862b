import hashlib
import json
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from django.conf import settings
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from categorizer.canonical import canonical_json
from ledger.commitments import canonical
from ledger.models import Entry, Opening
from ledger.openings import opened
from predictions import serving
from predictions.actions import code_commit
from predictions.receipts import asked_in as asked_in_receipt
from predictions.tests.conftest import DRILL, Post, asked_in, client_of, committed
from registry import files
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


def receipt_of(answer: Any) -> dict[str, Any]:
    return dict(json.loads(Entry.objects.get(uuid=answer["id"]).content()))


def test_a_receipt_says_everything(
    deployed: SHA256, post: Post, client: Client, trained: Any, carla: User
) -> None:
    response = post(
        DRILL,
        **{
            "Shelfmark-Device": "tablet-7",
            "Shelfmark-Device-Time": "2026-11-20T09:15:00+01:00",
            "X-Request-Id": "req-1",
        },
    )
    answer = response.json()
    receipt = receipt_of(answer)
    parts = opened(UUID(answer["id"]))
    card = json.loads((trained / "card.json").read_text())
    token = client.defaults["HTTP_AUTHORIZATION"].split()[1]
    assert receipt.pop("duration_us") >= 0
    assert receipt == {
        "format": "shelfmark-receipt/2",
        "id": answer["id"],
        "made_at": answer["made_at"],
        "input_commitment": committed(parts["input"].salt.hex(), DRILL),
        "product": None,
        "category": answer["category"],
        "score": receipt["score"],
        "confidence_ppm": answer["confidence_ppm"],
        "alternatives": [
            {key: one[key] for key in ("category", "confidence_ppm", "score")}
            for one in answer["alternatives"]
        ],
        "decision_path": "live",
        "passed_over": [],
        "threshold_ppm": answer["threshold_ppm"],
        "needs_review": answer["needs_review"],
        "taxonomy_version": 0,
        "model_sha256": deployed["live"],
        "dataset_sha256": card["dataset"]["sha256"],
        "text": "text/1",
        "code_commit": code_commit(),
        "asked_by": {
            "person_commitment": committed(parts["actor"].salt.hex(), {"user": carla.pk}),
            "token": hashlib.sha512(token.encode()).hexdigest()[:8],
            "device_commitment": committed(parts["device"].salt.hex(), "tablet-7"),
            "device_time": "2026-11-20T08:15:00.000000Z",
        },
        "request_id": "req-1",
    }


def test_the_openings_of_a_receipt_are_what_was_asked_and_who_held_what(
    deployed: SHA256, post: Post, carla: User
) -> None:
    answer = post(DRILL, **{"Shelfmark-Device": "tablet-7"}).json()
    parts = opened(UUID(answer["id"]))
    assert {name: part.value for name, part in parts.items()} == {
        "input": DRILL,
        "device": "tablet-7",
        "actor": {"user": carla.pk},
    }
    assert len({part.salt for part in parts.values()}) == 3
    assert {len(part.salt) for part in parts.values()} == {32}
    about = Opening.objects.filter(entry=answer["id"]).values_list("part", "about")
    assert set(about) == {("input", None), ("device", carla.pk)}


def test_a_receipt_of_no_device_commits_to_none(deployed: SHA256, post: Post) -> None:
    receipt = receipt_of(post(DRILL).json())
    assert receipt["asked_by"]["device_commitment"] is None
    assert receipt["asked_by"]["device_time"] is None


def test_neither_the_question_nor_the_person_stands_in_a_receipt(
    deployed: SHA256, post: Post
) -> None:
    product = {**DRILL, "brand": "Nordwerk", "price": "129.95"}
    answer = post(product, **{"Shelfmark-Device": "tablet-7"}).json()
    body = Entry.objects.get(uuid=answer["id"]).content()
    # A number alone may stand in any digest by chance.
    for told in ("Cordless drill 7", "Brushless", "Nordwerk", "129.95", ":1650", "carla", "tablet"):
        assert told.encode() not in body


def test_the_same_question_twice_leaves_two_commitments(deployed: SHA256, post: Post) -> None:
    first, second = (receipt_of(post(DRILL).json()) for _ in range(2))
    assert first["input_commitment"] != second["input_commitment"]
    assert first["asked_by"]["person_commitment"] != second["asked_by"]["person_commitment"]


def test_a_path_that_was_passed_over_names_its_model(deployed: SHA256, post: Post) -> None:
    files.path_of(deployed["fallback"], kind="model").unlink()
    serving.loaded.cache_clear()
    serving.forget()
    receipt = receipt_of(post({"price": "1.00"}).json())
    assert receipt["decision_path"] == "none"
    assert receipt["passed_over"] == [
        {"path": "live", "why": "nothing_known", "model_sha256": deployed["live"]},
        {"path": "fallback", "why": "unusable", "model_sha256": None},
        {"path": "rules", "why": "nothing_known", "model_sha256": deployed["rules"]},
    ]


def test_a_receipt_of_the_first_format_is_still_read() -> None:
    assert asked_in_receipt({"format": "shelfmark-receipt/1", "input": DRILL}, {}) == DRILL
    assert asked_in_receipt({"format": "shelfmark-receipt/2"}, {}) is None


def test_the_same_bytes_come_back_for_ever(
    deployed: SHA256, post: Post, dora: User, alice: User
) -> None:
    answer = post(DRILL).json()
    kept = Entry.objects.get(uuid=answer["id"]).content()
    for reader in (client_of(dora), client_of(alice)):
        response = reader.get(f"/api/v1/predictions/{answer['id']}")
        assert response.content == kept
        assert response["Content-Type"] == "application/json"


def test_a_receipt_is_canonical_json(deployed: SHA256, post: Post) -> None:
    answer = post({"name": 'Bohrer Ø 5 – 東 \u2028 \x1f "quoted" \\ 🔩', "price": 12.9}).json()
    kept = Entry.objects.get(uuid=answer["id"]).content()
    assert rfc8785.dumps(json.loads(kept)) == kept
    assert canonical_json(json.loads(kept)) == kept


_keys = st.text("abcxyz_", min_size=1, max_size=5)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(_keys, inner),
    max_leaves=8,
)


@given(st.dictionaries(_keys, _json))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_quick_encoder_writes_what_the_standard_says(value: dict[str, Any]) -> None:
    assert canonical(value) == rfc8785.dumps(value) == canonical_json(value)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("12.9", "12.90"), (12.9, "12.90"), (12, "12.00"), ("0", "0.00"), ("0012.5", "12.50")],
)
def test_a_price_is_kept_as_text_with_two_decimals(
    deployed: SHA256, post: Post, sent: Any, kept: str
) -> None:
    assert asked_in(post({**DRILL, "price": sent}).json()["id"])["price"] == kept


def test_there_is_no_float_in_a_receipt(deployed: SHA256, post: Post) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is a float")

    answer = post({**DRILL, "price": 12.9}).json()
    json.loads(Entry.objects.get(uuid=answer["id"]).content(), parse_float=refuse)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Shelfmark-Device", ""),
        ("Shelfmark-Device", "x" * 65),
        ("Shelfmark-Device", "a b"),
        ("Shelfmark-Device-Time", "yesterday"),
        ("Shelfmark-Device-Time", "2026-11-20T09:15:00"),
        ("Shelfmark-Device-Time", "0001-01-01T00:00:00+23:59"),
    ],
)
def test_a_header_that_would_spoil_a_receipt_is_refused(
    deployed: SHA256, post: Post, header: str, value: str
) -> None:
    response = post(DRILL, **{header: value})
    assert response.status_code == 400
    assert header in response.json()["detail"]


def test_the_longest_product_fits_into_a_receipt(deployed: SHA256, post: Post) -> None:
    answer = post({"name": "x" * 500, "description": "ä" * 20_000, "brand": "y" * 2_000})
    assert answer.status_code == 200
    assert len(Entry.objects.get(uuid=answer.json()["id"]).content()) < 65_536
    assert len(asked_in(answer.json()["id"])["description"]) == 20_000


def test_a_product_that_would_not_fit_is_refused(deployed: SHA256, post: Post) -> None:
    response = post({"name": "x", "description": "🔩" * 20_000})
    assert response.status_code == 400
    assert "50,000 bytes" in response.json()["detail"]
    assert not Entry.objects.filter(kind="prediction.made").exists()
    assert not Opening.objects.filter(part="input").exists()


def test_there_is_no_receipt_for_what_nobody_asked(deployed: SHA256, dora: User) -> None:
    response = client_of(dora).get("/api/v1/predictions/01890a5d-ac96-774b-bcce-b302099a8057")
    assert response.status_code == 404
    other = Entry.objects.exclude(kind="prediction.made").first()
    assert other is not None
    assert client_of(dora).get(f"/api/v1/predictions/{other.uuid}").status_code == 404


def test_the_code_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    def commit(**changes: Any) -> str:
        code_commit.cache_clear()
        for name, value in changes.items():
            monkeypatch.setattr(settings, name, value)
        return code_commit()

    try:
        assert commit(COMMIT="v1.2") == "v1.2"
        assert commit(COMMIT="", BASE_DIR=tmp_path) == "unknown"
        git = tmp_path / ".git"
        (git / "refs" / "heads").mkdir(parents=True)
        (git / "HEAD").write_text("ref: refs/heads/main\n")
        (git / "refs" / "heads" / "main").write_text("a" * 40 + "\n")
        assert commit() == "a" * 40
        (git / "refs" / "heads" / "main").unlink()
        (git / "packed-refs").write_text(f"# pack-refs\n{'b' * 40} refs/heads/main\n")
        assert commit() == "b" * 40
        (git / "HEAD").write_text("c" * 40 + "\n")
        assert commit() == "c" * 40
    finally:
        code_commit.cache_clear()
