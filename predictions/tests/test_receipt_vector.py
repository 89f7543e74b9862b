"""What docs/receipt-format.md prints is what the program writes, and opens as the page says."""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from categorizer.model import Suggestion
from ledger.commitments import actor_salt, actor_value, canonical, commitment
from predictions.receipts import Asker, Commitments, Question, TabletAnswer, encode
from predictions.serving import Link, Outcome

PAGE = (settings.BASE_DIR / "docs" / "receipt-format.md").read_text(encoding="utf-8")
ID = UUID("01a1fa6d-0532-7bbb-b08b-c66dac1f525f")
ASKED: dict[str, Any] = {"name": "Bohrer Ø 5 mm", "width_mm": 5, "price": "12.90"}
INPUT_SALT = bytes(range(32))
# That of docs/ledger-format.md, whose vector is about the same person and entry.
SECRET = bytes(range(32, 64))
DEVICE_SALT = bytes(range(64, 96))


def written(tablet: TabletAnswer | None = None) -> bytes:
    link = Link(
        path="live",
        sha256="a" * 64,
        dataset_sha256="b" * 64,
        text_version="text/1",
        model=None,  # type: ignore[arg-type]  # it has answered already
        golden="",
        thresholds={},
    )
    return encode(
        receipt_id=ID,
        question=Question(ASKED, product_id=7, product_version=3, tablet=tablet),
        commitments=Commitments(
            input=commitment(INPUT_SALT, canonical(ASKED)),
            person=commitment(actor_salt(SECRET, ID), actor_value(7)),
            device=commitment(DEVICE_SALT, canonical("tablet-7")),
        ),
        outcome=Outcome(
            path="fallback",
            link=link,
            suggestions=(
                Suggestion("Tools > Drill bits", 549755813888, 973125),
                Suggestion("Fasteners > Anchors", -274877906944, 14000),
            ),
            passed_over=(("live", "nothing_known", "c" * 64),),
            threshold_ppm=950000,
            needs_review=tablet is not None,
        ),
        asker=Asker(7, "req-1", "0c9f1a2b", "tablet-7", "2026-11-20T08:15:00.000000Z"),
        taxonomy_version=4,
        code_commit="unknown",
        now=datetime(2026, 11, 20, 8, 15, 1, 500000, tzinfo=UTC),
        duration_us=412,
    )


def shown(heading: str) -> Any:
    block = re.search(rf"## {heading}\n.*?```json\n(.*?)\n```", PAGE, re.DOTALL)
    assert block is not None
    return json.loads(block[1])


def test_the_page_shows_what_is_written() -> None:
    digest = re.search(r"Its SHA-256 is `([0-9a-f]{64})`", PAGE)
    assert digest is not None
    body = canonical(shown("Vector"))
    assert body == written()
    assert hashlib.sha256(body).hexdigest() == digest[1]


def test_the_page_shows_what_is_written_beside_the_answer_of_a_tablet() -> None:
    tablet = TabletAnswer(
        model_sha256="a" * 64,
        suggestions=[
            Suggestion("Fasteners > Anchors", 412316860416, 611000),
            Suggestion("Tools > Drill bits", 0, 201250),
        ],
        made_at=datetime(2026, 11, 20, 6, 30, tzinfo=UTC),
    )
    block = re.search(r"## A tablet's own answer\n.*?```json\n(.*?)\n```\n\nIts SHA-256 is `(\w+)`",
                      PAGE, re.DOTALL)  # fmt: skip
    assert block is not None
    body = written(tablet)
    assert canonical(json.loads(block[1])) == body
    assert hashlib.sha256(body).hexdigest() == block[2]
    # It adds a member, and takes none away.
    told, plain = json.loads(body), json.loads(written())
    assert told.pop("tablet_answer")["agreement"] == "differs"
    assert told == {**plain, "needs_review": True}


def test_the_opening_on_the_page_opens_the_receipt_on_the_page() -> None:
    receipt, opening = shown("Vector"), shown("The opening")
    assert opening["id"] == receipt["id"]
    for part, value, expected in (
        ("input", opening["input"], receipt["input_commitment"]),
        ("person", {"user": opening["user"]}, receipt["asked_by"]["person_commitment"]),
        ("device", opening["device"], receipt["asked_by"]["device_commitment"]),
    ):
        salt = bytes.fromhex(opening[f"{part}_salt"])
        assert hashlib.sha256(salt + canonical(value)).hexdigest() == expected, part


def test_the_commands_on_the_page_hash_what_they_say() -> None:
    commands = re.findall(
        r"printf '%s' ([0-9a-f]{64}) \| xxd -r -p; printf '%s' '(.*?)'; \} \| sha256sum\n# (\w+)",
        PAGE,
    )
    assert len(commands) == 3
    for salt, value, expected in commands:
        digest = hashlib.sha256(bytes.fromhex(salt) + value.encode()).hexdigest()
        assert digest == expected
        assert digest.encode() in written()
