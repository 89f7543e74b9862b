"""A prediction of the past is computed again: identical, different, or it cannot be."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from accounts.models import User
from ledger.actions import seal
from ledger.commitments import canonical
from ledger.models import Pruning
from ledger.openings import Opened
from ledger.tree import leaf_hash
from lib import clock
from lib.ids import smallest_id, uuid7
from predictions import replay as replays
from predictions.actions.replays import replay_prediction
from predictions.models import Prediction, ReplayOutcome
from predictions.replay import Models, Replayed, Stored, stored
from predictions.tests.conftest import DRILL, Post
from registry import files
from registry.models import ModelVersion
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db
NONSENSE = {"name": "zxqj"}
Altered = Callable[..., Replayed]


def kept_of(answer: Any) -> Stored:
    (kept,) = stored([UUID(answer["id"])])
    return kept


def again(kept: Stored) -> Replayed:
    return replays.replay(kept, find=Models().get, code="now")


def changed(kept: Stored, **fields: Any) -> Stored:
    """Return what is kept if somebody had written another receipt and its leaf."""
    assert kept.body is not None
    return replace(kept, body=canonical({**json.loads(kept.body), **fields}), leaf=None)


def sealed(answer: Any) -> Stored:
    seal(now=clock.now())
    return kept_of(answer)


def fields_of(replayed: Replayed) -> set[str]:
    return {one.field for one in replayed.differences}


def test_the_same_model_says_the_same_to_the_same_question(deployed: SHA256, post: Post) -> None:
    replayed = again(kept_of(post(DRILL).json()))
    assert replayed.outcome == ReplayOutcome.IDENTICAL
    assert replayed.differences == ()


@pytest.mark.parametrize(
    ("asked", "path"),
    [(DRILL, "live"), ({"description": "zzz drills"}, None), (NONSENSE, "none")],
)
def test_every_path_is_replayed(
    deployed: SHA256, post: Post, asked: dict[str, Any], path: str | None
) -> None:
    answer = post(asked).json()
    assert path is None or answer["decision_path"] == path
    assert again(kept_of(answer)).outcome == ReplayOutcome.IDENTICAL


@pytest.mark.parametrize("broken", ["live", "fallback"])
def test_the_fallback_and_the_rules_are_replayed_though_the_models_before_them_were_broken(
    deployed: SHA256, post: Post, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    from predictions import serving

    down = ["live"] if broken == "live" else ["live", "fallback"]
    chain = serving.chain()
    links = tuple(link for link in chain.links if link.path not in down)
    monkeypatch.setattr(serving, "chain", lambda: replace(chain, links=links))
    answer = post(DRILL).json()
    assert answer["decision_path"] == {"live": "fallback", "fallback": "rules"}[broken]
    monkeypatch.undo()
    replayed = again(kept_of(answer))
    assert replayed.outcome == ReplayOutcome.IDENTICAL
    # It says what it could not repeat.
    assert len([note for note in replayed.notes if "nobody can repeat" in note]) == len(down)


def test_that_nobody_could_answer_cannot_be_repeated_if_a_model_was_broken(
    deployed: SHA256, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    from predictions import serving

    chain = serving.chain()
    links = tuple(link for link in chain.links if link.path != "live")
    monkeypatch.setattr(serving, "chain", lambda: replace(chain, links=links))
    replayed = again(kept_of(post(NONSENSE).json()))
    assert (replayed.outcome, replayed.reason) == (ReplayOutcome.IMPOSSIBLE, "not_repeatable")


ALTERED: list[tuple[dict[str, Any], str]] = [
    ({"category": "Fasteners > Screws"}, "category"),
    ({"score": 1}, "score"),
    ({"confidence_ppm": 999_999}, "confidence_ppm"),
    ({"alternatives": []}, "alternatives"),
    ({"decision_path": "canary"}, ""),
    ({"threshold_ppm": 1}, "threshold_ppm"),
    ({"threshold_ppm": None}, "threshold_ppm"),
    ({"needs_review": True}, "needs_review"),
    ({"needs_review": 0}, "needs_review"),
    ({"dataset_sha256": "0" * 64}, "dataset_sha256"),
    ({"text": None}, "text"),
    (
        {"passed_over": [{"path": "live", "why": "unusable", "model_sha256": None}]},
        "passed_over",
    ),
]


@pytest.mark.parametrize(("fields", "differing"), ALTERED)
def test_a_receipt_that_says_anything_else_is_different(
    deployed: SHA256, post: Post, fields: dict[str, Any], differing: str
) -> None:
    replayed = again(changed(kept_of(post(DRILL).json()), **fields))
    if not differing:  # a canary is the same kind of model
        assert replayed.outcome == ReplayOutcome.IDENTICAL
        return
    assert replayed.outcome == ReplayOutcome.DIFFERENT
    assert fields_of(replayed) == {differing}
    (one,) = replayed.differences
    assert canonical(one.then) == canonical(fields[differing]) != canonical(one.now)


def test_alternatives_in_another_order_are_different(deployed: SHA256, post: Post) -> None:
    kept = kept_of(post(DRILL).json())
    assert kept.body is not None
    alternatives = json.loads(kept.body)["alternatives"]
    assert len(alternatives) > 1
    assert fields_of(again(changed(kept, alternatives=alternatives[::-1]))) == {"alternatives"}


def test_a_path_that_its_model_does_not_answer_on_is_different(
    deployed: SHA256, post: Post
) -> None:
    kept = kept_of(post(DRILL).json())
    replayed = again(changed(kept, model_sha256=deployed["fallback"]))
    assert replayed.outcome == ReplayOutcome.DIFFERENT
    assert "decision_path" in fields_of(replayed)


def test_who_was_passed_over_is_asked_again(deployed: SHA256, post: Post) -> None:
    kept = kept_of(post(DRILL).json())
    told = [{"path": "live", "why": "nothing_known", "model_sha256": deployed["live"]}]
    replayed = again(
        changed(kept, decision_path="fallback", model_sha256=deployed["fallback"], passed_over=told)
    )
    assert "passed_over" in fields_of(replayed)
    (passed_over,) = (one for one in replayed.differences if one.field == "passed_over")
    assert passed_over.now == [{**told[0], "why": "answers now"}]


def test_a_question_that_does_not_open_the_commitment_is_not_taken(
    deployed: SHA256, post: Post
) -> None:
    kept = kept_of(post(DRILL).json())
    assert kept.input is not None
    other = canonical({"name": "Desk lamp"})
    replayed = again(replace(kept, input=Opened(json.loads(other), kept.input.salt, other)))
    assert (replayed.outcome, replayed.reason) == (ReplayOutcome.IMPOSSIBLE, "input_altered")


def test_what_was_erased_cannot_be_replayed(deployed: SHA256, post: Post) -> None:
    replayed = again(replace(kept_of(post(DRILL).json()), input=None))
    assert (replayed.outcome, replayed.reason) == (ReplayOutcome.IMPOSSIBLE, "input_erased")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), "model_missing"),
        (lambda path: path.write_bytes(b"{}"), "model_damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "model_damaged"),
    ],
)
def test_a_model_whose_file_is_not_as_it_was_is_named_by_its_digest(
    deployed: SHA256, post: Post, damage: Callable[[Any], None], reason: str
) -> None:
    kept = kept_of(post(DRILL).json())
    path = files.path_of(deployed["live"], kind="model")
    path.chmod(0o644)
    damage(path)
    replayed = again(kept)
    assert (replayed.outcome, replayed.reason) == (ReplayOutcome.IMPOSSIBLE, reason)
    assert deployed["live"] in (replayed.why or "")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"text": "text/2"}, "unknown_text"),
        ({"format": "shelfmark-receipt/9"}, "unknown_format"),
        ({"decision_path": "oracle"}, "unknown_path"),
        ({"model_sha256": "0" * 64}, "model_unknown"),
        ({"passed_over": None}, "receipt_unreadable"),
        ({"code_commit": "x", "input_commitment": "0" * 64}, "input_altered"),
        ({"id": "01890a5d-ac96-774b-bcce-b302099a8057"}, "receipt_altered"),
    ],
)
def test_what_this_code_cannot_judge_is_never_passed(
    deployed: SHA256, post: Post, fields: dict[str, Any], reason: str
) -> None:
    replayed = again(changed(kept_of(post(DRILL).json()), **fields))
    assert (replayed.outcome, replayed.reason) == (ReplayOutcome.IMPOSSIBLE, reason)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b"null", b"\xff"])
def test_bytes_that_are_no_receipt_are_never_passed(
    deployed: SHA256, post: Post, body: bytes
) -> None:
    kept = replace(kept_of(post(DRILL).json()), body=body, leaf=None)
    assert again(kept).reason == "receipt_unreadable"


def test_a_receipt_that_is_gone_is_never_passed(deployed: SHA256, post: Post) -> None:
    kept = replace(kept_of(post(DRILL).json()), body=None)
    assert again(kept).reason == "receipt_missing"
    pruned = again(replace(kept, archive_sha256="ab" * 32))
    assert pruned.reason == "receipt_pruned"
    assert "ab" * 32 in (pruned.why or "")


def test_what_was_pruned_is_told_from_what_is_simply_gone(db: None) -> None:
    now = clock.now()
    old, new = smallest_id(now - timedelta(days=2)), smallest_id(now)
    Pruning.objects.create(
        up_to_index=1, entry=uuid7(), before=now - timedelta(days=1), archive_sha256="a", at=now
    )
    assert [one.archive_sha256 for one in stored([old, new])] == ["a", None]


def test_a_sealed_receipt_that_was_altered_is_found_by_its_leaf(
    deployed: SHA256, post: Post
) -> None:
    kept = sealed(post(DRILL).json())
    assert kept.leaf is not None
    assert again(kept).outcome == ReplayOutcome.IDENTICAL
    assert again(kept).notes == ()
    replayed = again(replace(kept, body=changed(kept, duration_us=1).body))
    assert (replayed.outcome, replayed.reason) == (ReplayOutcome.IMPOSSIBLE, "receipt_altered")
    assert kept.leaf.hex() in (replayed.why or "")


def test_that_a_receipt_is_not_sealed_yet_is_said(deployed: SHA256, post: Post) -> None:
    (note,) = again(kept_of(post(DRILL).json())).notes
    assert "not sealed" in note


def test_other_code_with_the_same_answer_is_identical_and_says_which(
    deployed: SHA256, post: Post
) -> None:
    replayed = again(changed(kept_of(post(DRILL).json()), code_commit="before"))
    assert replayed.outcome == ReplayOutcome.IDENTICAL
    assert (replayed.code_then, replayed.code_now) == ("before", "now")
    assert "before" in " ".join(replays.in_words(replayed))


def first_format(kept: Stored, **fields: Any) -> Stored:
    """Return what an older Shelfmark would have kept of the same answer."""
    assert kept.body is not None
    assert kept.input is not None
    receipt = json.loads(kept.body)
    del receipt["input_commitment"]
    receipt |= {
        "format": "shelfmark-receipt/1",
        "input": kept.input.value,
        "input_sha256": hashlib.sha256(kept.input.data).hexdigest(),
        "passed_over": [{"path": one["path"], "why": one["why"]} for one in receipt["passed_over"]],
        **fields,
    }
    return replace(kept, body=canonical(receipt), input=None, leaf=None)


def test_a_receipt_of_the_first_format_is_replayed(deployed: SHA256, post: Post) -> None:
    kept = kept_of(post(DRILL).json())
    assert again(first_format(kept)).outcome == ReplayOutcome.IDENTICAL
    assert again(first_format(kept, score=1)).outcome == ReplayOutcome.DIFFERENT
    assert again(first_format(kept, input={"name": "x"})).reason == "input_altered"


def test_of_the_first_format_that_nobody_knew_anything_cannot_be_repeated(
    deployed: SHA256, post: Post
) -> None:
    # It does not name the models that were asked.
    kept = first_format(kept_of(post(NONSENSE).json()))
    assert again(kept).reason == "not_repeatable"


def test_a_model_is_read_anew_for_each_replay(deployed: SHA256, post: Post, admin: User) -> None:
    answer = UUID(post(DRILL).json()["id"])
    first = replay_prediction(prediction_id=answer, by=admin, now=clock.now())
    assert first.outcome == ReplayOutcome.IDENTICAL
    files.path_of(deployed["live"], kind="model").unlink()
    second = replay_prediction(prediction_id=answer, by=admin, now=clock.now())
    assert second.reason == "model_missing"


def test_a_retired_model_is_asked_all_the_same(
    deployed: SHA256, post: Post, trained_otherwise: Any, bob: User
) -> None:
    from registry import actions as registry
    from registry.release import read_release

    kept = kept_of(post(DRILL).json())
    robot = registry.robot()
    registry.plant(release=read_release(trained_otherwise), by=robot, now=clock.now())
    registry.retire(sha256=deployed["live"], reason="Old", by=bob, now=clock.now())
    assert ModelVersion.objects.get(pk=deployed["live"]).status == "retired"
    assert again(kept).outcome == ReplayOutcome.IDENTICAL


def test_the_leaf_of_a_receipt_is_the_hash_of_its_bytes(deployed: SHA256, post: Post) -> None:
    kept = sealed(post(DRILL).json())
    assert kept.body is not None
    assert kept.leaf == leaf_hash(kept.body)
    assert Prediction.objects.filter(pk=kept.id).exists()
