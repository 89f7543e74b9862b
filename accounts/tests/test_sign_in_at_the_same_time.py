import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from accounts import actions
from accounts.actions import Limit

pytestmark = pytest.mark.django_db(transaction=True)


def test_attempts_at_the_same_moment_are_counted_one_by_one() -> None:
    limits = [Limit("a" * 64, 100, "address"), Limit("b" * 64, 5, "name and address")]
    now = datetime(2026, 11, 20, tzinfo=UTC)
    start = threading.Barrier(12)
    let_through: list[bool] = []

    def attempt() -> None:
        start.wait()
        try:
            actions.attempt_sign_in(limits=limits, username="x", address="192.0.2.1", now=now)
            let_through.append(True)
        except actions.TooManyAttempts:
            let_through.append(False)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(let_through) == [False] * 7 + [True] * 5
