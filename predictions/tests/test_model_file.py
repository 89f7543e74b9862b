"""The bytes of a model come whole or in parts, so that a download that was cut can go on."""

import hashlib
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from predictions.tests.conftest import client_of
from registry import files
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(carla: User) -> Client:
    return client_of(carla)


@pytest.fixture
def address(deployed: SHA256) -> str:
    return f"/models/{deployed['live']}"


@pytest.fixture
def data(deployed: SHA256) -> bytes:
    return files.read(deployed["live"], kind="model")


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_whole_file_has_its_digest_and_may_be_kept(
    client: Client, address: str, deployed: SHA256
) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["ETag"] == f'"{deployed["live"]}"'
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    content = body(answer)
    assert hashlib.sha256(content).hexdigest() == deployed["live"]
    assert int(answer["Content-Length"]) == len(content)


def test_it_is_sent_in_small_pieces(client: Client, address: str, data: bytes) -> None:
    pieces = list(client.get(address).streaming_content)  # type: ignore[attr-defined]  # it streams
    assert max(map(len, pieces)) <= 65_536
    assert b"".join(pieces) == data


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-99", 10, 99),
        ("bytes=70000-", 70_000, None),
        ("bytes=100-99999999", 100, None),
        ("bytes=-5", -5, None),
        ("bytes=-99999999", 0, None),
    ],
)
def test_a_range_is_answered_with_that_part(
    client: Client, address: str, data: bytes, asked: str, first: int, last: int | None
) -> None:
    answer = client.get(address, headers={"Range": asked})
    first %= len(data)
    last = len(data) - 1 if last is None else last
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {first}-{last}/{len(data)}"
    assert answer["Content-Length"] == str(last - first + 1)
    assert body(answer) == data[first : last + 1]


def test_parts_put_together_are_the_file(client: Client, address: str, data: bytes) -> None:
    step = 65_537
    parts = [
        body(client.get(address, headers={"Range": f"bytes={first}-{first + step - 1}"}))
        for first in range(0, len(data), step)
    ]
    assert b"".join(parts) == data


@pytest.mark.parametrize("asked", ["bytes={size}-", "bytes={size}-{size}", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(
    client: Client, address: str, data: bytes, asked: str
) -> None:
    answer = client.get(address, headers={"Range": asked.format(size=len(data))})
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(data)}"
    assert "Cache-Control" not in answer


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-6",
        "bytes=9-3",
        "bytes=-",
        "bytes=a-b",
        "lines=0-1",
        "bytes=٣-٤",
        "bytes=" + "9" * 400 + "-",
        "",
    ],
)
def test_a_range_that_is_not_understood_is_the_whole_file(
    client: Client, address: str, data: bytes, asked: str
) -> None:
    answer = client.get(address, headers={"Range": asked})
    assert (answer.status_code, body(answer)) == (200, data)


def test_a_part_of_another_file_is_not_sent(client: Client, address: str, data: bytes) -> None:
    same, other = address.rpartition("/")[2], "0" * 64
    for condition, status in ((f'"{same}"', 206), (f'"{other}"', 200), (f'W/"{same}"', 200)):
        answer = client.get(address, headers={"Range": "bytes=0-9", "If-Range": condition})
        assert answer.status_code == status
        assert body(answer) == (data[:10] if status == 206 else data)


@pytest.mark.parametrize("condition", ['"{0}"', 'W/"{0}"', '"x", "{0}"', "*"])
def test_who_has_it_is_told_so(client: Client, address: str, condition: str) -> None:
    digest = address.rpartition("/")[2]
    answer = client.get(address, headers={"If-None-Match": condition.format(digest)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer["ETag"] == f'"{digest}"'


def test_who_has_another_gets_it(client: Client, address: str) -> None:
    answer = client.get(address, headers={"If-None-Match": f'"{"0" * 64}"'})
    assert answer.status_code == 200


def test_head_says_how_long_it_is_whatever_range_is_named(
    client: Client, address: str, data: bytes
) -> None:
    answer: Any = client.head(address, headers={"Range": "bytes=0-9"})
    assert answer.status_code == 200
    assert answer["Content-Length"] == str(len(data))
    assert body(answer) == b""


@pytest.mark.parametrize("digest", ["0" * 64, "x", "..%2f..%2fdb.sqlite3", "live"])
def test_an_unknown_model_is_not_found(client: Client, deployed: SHA256, digest: str) -> None:
    answer = client.get(f"/models/{digest}")
    assert answer.status_code == 404


@pytest.mark.parametrize("damage", ["missing", "cut off"])
def test_a_damaged_file_is_not_sent(
    client: Client, address: str, deployed: SHA256, damage: str
) -> None:
    path = files.path_of(deployed["live"], kind="model")
    if damage == "missing":
        path.unlink()
    else:
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1])
    answer = client.get(address, headers={"Range": "bytes=0-9"})
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert "Cache-Control" not in answer


def test_a_session_may_fetch_it_and_a_stranger_may_not(
    address: str, data: bytes, carla: User
) -> None:
    client = Client()
    assert client.get(address).status_code == 401
    client.force_login(carla)
    answer = client.get(address, headers={"Range": "bytes=3-4"})
    assert (answer.status_code, body(answer)) == (206, data[3:5])
