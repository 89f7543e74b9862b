from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from knox.models import AuthToken

from accounts import actions, jobs
from accounts.models import IdempotencyKey, User
from jobs.registry import scheduled
from lib import clock

DAY = timedelta(days=1)


def answer(user: User, key: str, at: datetime) -> None:
    IdempotencyKey.objects.create(
        user=user, method="POST", path="/", key=key, status=200, response_body=b"", created_at=at
    )


@pytest.mark.django_db
def test_what_has_expired_is_forgotten_and_the_rest_is_kept(carla: User) -> None:
    now = clock.now()
    for days in (-1, 1):
        token, _ = AuthToken.objects.create(carla)
        AuthToken.objects.filter(pk=token.pk).update(expiry=now + days * DAY)
        Session.objects.create(session_key=f"{days}", expire_date=now + days * DAY)
    answer(carla, "old", now - 31 * DAY)
    answer(carla, "new", now - 29 * DAY)
    for _ in range(2):
        jobs.forget_what_has_expired()
    assert [token.expiry for token in AuthToken.objects.all()] == [now + DAY]
    assert [session.session_key for session in Session.objects.all()] == ["1"]
    assert [kept.key for kept in IdempotencyKey.objects.all()] == ["new"]


@pytest.mark.django_db
def test_a_token_without_an_end_is_kept(carla: User) -> None:
    AuthToken.objects.create(carla, expiry=None)
    actions.forget_expired(now=clock.now(), answers_before=clock.now())
    assert AuthToken.objects.exists()


def test_forgetting_is_a_job() -> None:
    assert "accounts.forget_what_has_expired" in scheduled()
