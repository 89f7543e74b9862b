"""Guessing passwords is slowed down; whoever works beside the guesser is not."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts import actions
from accounts.jobs import forget_what_has_expired
from accounts.models import SignInAttempts, User
from accounts.sign_in import MOST_FROM_ONE_ADDRESS, MOST_UNDER_ONE_NAME, address_of
from ledger.commitments import commitment
from ledger.models import Entry, Opening
from ledger.openings import opened
from lib import clock

pytestmark = pytest.mark.django_db

PASSWORD = "a long sentence"
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


class Time:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(clock, "now", time)
    return time


@pytest.fixture(autouse=True)
def carla_and_rita_have_passwords(carla: User, rita: User) -> None:
    for user in (carla, rita):
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])


def sign_in(username: str, password: str, *, address: str = "192.0.2.1", **headers: str) -> Any:
    return Client(REMOTE_ADDR=address).post(
        "/sign-in", {"username": username, "password": password}, headers=headers
    )


def guess(times: int, username: str = "carla", **where: str) -> Any:
    answer = None
    for number in range(times):
        answer = sign_in(username, f"guess {number}", **where)
    return answer


def lockouts() -> list[dict[str, Any]]:
    entries = Entry.objects.filter(kind="sign_in.refused").order_by("pk")
    return [json.loads(entry.content()) for entry in entries]


def test_after_five_wrong_passwords_even_the_right_one_is_refused_for_a_while(time: Time) -> None:
    assert guess(MOST_UNDER_ONE_NAME).status_code == 200
    refused = sign_in("carla", PASSWORD)
    assert refused.status_code == 429
    assert "Try again in 15 minutes." in refused.content.decode()


def test_the_page_says_how_long_it_still_takes_and_keeps_its_word(time: Time) -> None:
    guess(MOST_UNDER_ONE_NAME)
    time.passes(minutes=9, seconds=30)
    refused = sign_in("carla", PASSWORD)
    assert "Try again in 6 minutes." in refused.content.decode()
    assert refused["Retry-After"] == "330"
    time.passes(minutes=4, seconds=40)
    assert "Try again in 1 minute." in sign_in("carla", PASSWORD).content.decode()
    time.passes(minutes=1)
    assert sign_in("carla", PASSWORD).status_code == 302


def test_somebody_else_at_the_same_address_signs_in_meanwhile(time: Time) -> None:
    guess(MOST_FROM_ONE_ADDRESS * 2)
    assert sign_in("rita", PASSWORD).status_code == 302


def test_the_person_signs_in_from_their_own_address_meanwhile(time: Time) -> None:
    guess(MOST_UNDER_ONE_NAME + 1, address="198.51.100.7")
    assert sign_in("carla", PASSWORD).status_code == 302


def test_one_address_tries_many_names_and_is_refused_altogether(time: Time) -> None:
    for number in range(MOST_FROM_ONE_ADDRESS):
        assert sign_in(f"somebody {number}", "guess").status_code == 200
    assert sign_in("carla", PASSWORD).status_code == 429
    assert sign_in("carla", PASSWORD, address="192.0.2.2").status_code == 302


def test_whoever_signs_in_at_last_starts_afresh(time: Time) -> None:
    for _ in range(3):
        guess(MOST_UNDER_ONE_NAME - 1)
        assert sign_in("carla", PASSWORD).status_code == 302


def test_a_warehouse_that_signs_in_all_day_is_never_refused(time: Time) -> None:
    for _ in range(MOST_FROM_ONE_ADDRESS + 1):
        assert sign_in("carla", PASSWORD).status_code == 302


def test_a_name_that_nobody_has_is_refused_just_the_same(time: Time) -> None:
    answers = [
        [guess(1, username) for _ in range(MOST_UNDER_ONE_NAME + 2)]
        for username in ("carla", "nobody")
    ]
    for known, unknown in zip(*answers, strict=True):
        assert known.status_code == unknown.status_code
        shown = [one.context["form"].non_field_errors() for one in (known, unknown)]
        assert shown[0] == shown[1]


def test_a_lockout_is_recorded_once(time: Time, carla: User) -> None:
    guess(MOST_UNDER_ONE_NAME + 4)
    (entry,) = lockouts()
    assert (entry["subject"], entry["actor"]) == (f"user:{carla.pk}", None)
    assert entry["details"] == {
        "counted": "name and address",
        "attempts": MOST_UNDER_ONE_NAME,
        "until": (START + actions.SIGN_IN_WINDOW).isoformat(),
    }
    time.passes(minutes=16)
    guess(MOST_UNDER_ONE_NAME + 2)
    assert len(lockouts()) == 2


def test_the_log_itself_names_neither_the_person_nor_the_address(time: Time, carla: User) -> None:
    guess(MOST_UNDER_ONE_NAME + 1)
    entry = Entry.objects.get(kind="sign_in.refused")
    part = opened(entry.uuid)["details"]
    assert part.value == {"address": "192.0.2.1"}
    assert json.loads(entry.content())["private"] == commitment(part.salt, part.data)
    assert Opening.objects.get(entry=entry.uuid).about == carla.pk
    assert b"192.0.2.1" not in entry.content()
    assert b"carla" not in entry.content()


def test_a_password_typed_where_the_name_belongs_is_kept_nowhere(time: Time) -> None:
    guess(MOST_UNDER_ONE_NAME + 1, PASSWORD)
    (entry,) = lockouts()
    assert entry["subject"] == "sign_in"
    assert not any(PASSWORD.encode() in entry.content() for entry in Entry.objects.all())
    assert not any(PASSWORD.encode() in bytes(row.value) for row in Opening.objects.all())
    assert PASSWORD not in str(list(SignInAttempts.objects.values_list()))


def test_the_sign_in_of_the_administration_counts_too(time: Time) -> None:
    guess(MOST_UNDER_ONE_NAME)
    page = Client(REMOTE_ADDR="192.0.2.1").post(
        "/admin/login/", {"username": "carla", "password": PASSWORD}
    )
    assert page.status_code == 200
    assert "Try again in 15 minutes." in page.content.decode()


def test_a_made_up_header_neither_frees_nor_accuses_anybody(time: Time) -> None:
    for number in range(MOST_UNDER_ONE_NAME):
        guess(1, **{"X-Forwarded-For": f"198.51.100.{number}"})
    assert sign_in("carla", PASSWORD, **{"X-Forwarded-For": "203.0.113.9"}).status_code == 429
    assert sign_in("carla", PASSWORD, address="198.51.100.1").status_code == 302


def test_behind_a_proxy_only_what_the_proxy_wrote_counts(time: Time, settings: Settings) -> None:
    settings.BEHIND_PROXY = True
    proxy = "10.0.0.1"
    for number in range(MOST_UNDER_ONE_NAME):
        guess(1, address=proxy, **{"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.7"})
    attacker = {"X-Forwarded-For": "192.0.2.1, 198.51.100.7"}
    assert sign_in("carla", PASSWORD, address=proxy, **attacker).status_code == 429
    colleague = {"X-Forwarded-For": "192.0.2.1"}
    assert sign_in("carla", PASSWORD, address=proxy, **colleague).status_code == 302


@pytest.mark.parametrize(
    ("told", "counts_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_an_address_counts_as_who_can_use_it(told: str, counts_as: str) -> None:
    assert address_of(RequestFactory().get("/", REMOTE_ADDR=told)) == counts_as


def test_programs_with_tokens_are_not_counted(carla: User) -> None:
    for _ in range(MOST_UNDER_ONE_NAME + 1):
        wrong = Client(headers={"Authorization": "Token 0000"}).get("/api/v1/products")
        assert wrong.status_code == 401
    assert not SignInAttempts.objects.exists()


def test_what_no_longer_counts_is_forgotten(time: Time) -> None:
    guess(1)
    time.passes(minutes=14)
    forget_what_has_expired()
    assert SignInAttempts.objects.count() == 2
    time.passes(minutes=1)
    forget_what_has_expired()
    assert not SignInAttempts.objects.exists()
