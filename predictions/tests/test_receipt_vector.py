"""The receipt printed in docs/receipt-format.md is what the program writes."""

import hashlib
import json
import re
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings

from categorizer.model import Suggestion
from predictions.receipts import Asker, Question, canonical, encode
from predictions.serving import Link, Outcome


def written() -> bytes:
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
        receipt_id=UUID("01a1fa6d-0532-7bbb-b08b-c66dac1f525f"),
        question=Question(
            {"name": "Bohrer Ø 5 mm", "width_mm": 5, "price": "12.90"},
            product_id=7,
            product_version=3,
        ),
        outcome=Outcome(
            path="live",
            link=link,
            suggestions=(
                Suggestion("Tools > Drill bits", 549755813888, 973125),
                Suggestion("Fasteners > Anchors", -274877906944, 14000),
            ),
            passed_over=(),
            threshold_ppm=950000,
            needs_review=False,
        ),
        asker=Asker(1, "carla", "req-1", "0c9f1a2b", "tablet-7", "2026-11-20T08:15:00.000000Z"),
        taxonomy_version=4,
        code_commit="unknown",
        now=datetime(2026, 11, 20, 8, 15, 1, 500000, tzinfo=UTC),
        duration_us=412,
    )


def test_the_page_shows_what_is_written() -> None:
    page = (settings.BASE_DIR / "docs" / "receipt-format.md").read_text(encoding="utf-8")
    shown = re.search(r"```json\n(.*?)\n```\n\nIts SHA-256 is `([0-9a-f]{64})`", page, re.DOTALL)
    assert shown is not None
    body = canonical(json.loads(shown[1]))
    assert body == written()
    assert hashlib.sha256(body).hexdigest() == shown[2]
