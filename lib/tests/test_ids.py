import time
from uuid import RFC_4122

from lib.ids import uuid7


def test_an_id_says_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= after


def test_ids_sort_as_they_were_made() -> None:
    made = []
    for _ in range(200):
        made.append(uuid7())
        time.sleep(0.00001)
    assert made == sorted(made)


def test_ids_differ() -> None:
    assert len({uuid7() for _ in range(20_000)}) == 20_000
