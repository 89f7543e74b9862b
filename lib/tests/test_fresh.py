import itertools
import threading
import time

import pytest

from lib.fresh import Fresh


def test_a_value_is_looked_up_when_it_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    fresh = Fresh(itertools.count(1).__next__, seconds=1.0)
    assert [fresh.get(), fresh.get()] == [1, 1]
    now[0] += 0.99
    assert fresh.get() == 1
    now[0] += 0.02
    assert fresh.get() == 2


def test_it_can_be_forgotten() -> None:
    fresh = Fresh(itertools.count(1).__next__, seconds=1000)
    fresh.get()
    fresh.forget()
    assert fresh.get() == 2


def test_a_look_that_fails_is_tried_again() -> None:
    looks = itertools.count()

    def look() -> int:
        if next(looks) == 0:
            raise OSError("away")
        return 5

    fresh = Fresh(look, seconds=1000)
    with pytest.raises(OSError, match="away"):
        fresh.get()
    assert fresh.get() == 5


def test_one_looks_and_the_others_go_on_with_what_there_is() -> None:
    go_on = threading.Event()
    looking = threading.Event()
    looks: list[int] = []

    def look() -> int:
        looks.append(1)
        if len(looks) > 1:
            looking.set()
            assert go_on.wait(10)
        return len(looks)

    fresh = Fresh(look, seconds=0)
    assert fresh.get() == 1
    slow = threading.Thread(target=fresh.get)
    slow.start()
    assert looking.wait(10)
    assert fresh.get() == 1
    go_on.set()
    slow.join()
    assert len(looks) == 2


def test_those_who_come_first_wait_for_one_look() -> None:
    looks: list[int] = []

    def look() -> int:
        looks.append(1)
        time.sleep(0.05)
        return len(looks)

    fresh = Fresh(look, seconds=1000)
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(fresh.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 8
