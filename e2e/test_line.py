"""The line does to requests what it is told, so that what it finds is true."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.load import LOOPBACK
from e2e import chaos
from e2e.line import Line

PATIENCE_S = 20


class Notebook(BaseHTTPRequestHandler):
    """A server that writes down every POST and answers how many there were."""

    protocol_version = "HTTP/1.1"
    posts: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posts.append(body)
        answer = json.dumps({"posts": len(self.posts)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE_S / 0.02)):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("This never came true.")


@pytest.fixture
def posts() -> list[bytes]:
    return []


@pytest.fixture
def line(posts: list[bytes]) -> Iterator[Line]:
    handler = type("Notebook", (Notebook,), {"posts": posts})
    server = ThreadingHTTPServer((LOOPBACK, 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    line = Line(server.server_port)
    yield line
    line.close()
    server.shutdown()
    server.server_close()


class Asker:
    """A connection that is kept alive, like that of a browser."""

    def __init__(self, line: Line) -> None:
        self.connection = http.client.HTTPConnection(LOOPBACK, line.port, timeout=PATIENCE_S)

    def ask(self, path: str = "/push") -> tuple[int, bytes]:
        self.connection.request("POST", path, b"one")
        answer = self.connection.getresponse()
        return answer.status, answer.read()


@pytest.fixture
def asker(line: Line) -> Iterator[Asker]:
    asker = Asker(line)
    yield asker
    asker.connection.close()


def test_what_meets_no_rule_arrives_and_is_written_down(
    line: Line, asker: Asker, posts: list[bytes]
) -> None:
    line.meet("/elsewhere", chaos.lost)
    assert asker.ask() == (200, b'{"posts": 1}')
    assert posts == [b"one"]
    (heard,) = line.reached("^POST /push$")
    assert (heard.body, heard.status, heard.answer) == (b"one", 200, b'{"posts": 1}')
    assert line.count("^POST /push$") == 1


def test_a_rule_holds_for_so_many_requests_as_it_says(
    line: Line, asker: Asker, posts: list[bytes]
) -> None:
    line.meet("^POST /push", chaos.bad_gateway, times=2)
    assert [asker.ask()[0] for _ in range(3)] == [502, 502, 200]
    assert len(posts) == 3


def test_a_reset_comes_after_the_server_has_done_its_work(
    line: Line, asker: Asker, posts: list[bytes]
) -> None:
    asker.ask()
    line.meet("/push", chaos.reset, times=1)
    with pytest.raises(ConnectionResetError) as ended:
        asker.ask()
    # Which is what an end without a reset raises, and a ConnectionResetError, too.
    assert not isinstance(ended.value, http.client.RemoteDisconnected)
    assert len(posts) == 2


def test_a_lost_answer_ends_the_connection_without_a_reset(
    line: Line, asker: Asker, posts: list[bytes]
) -> None:
    line.meet("/push", chaos.lost, times=1)
    with pytest.raises(http.client.RemoteDisconnected):
        asker.ask()
    assert len(posts) == 1


@pytest.mark.parametrize(("fault", "asked"), [(chaos.no_answer, 1), (chaos.black_hole, 0)])
def test_an_answer_that_never_comes_keeps_the_connection_open(
    line: Line, asker: Asker, posts: list[bytes], fault: chaos.Fault, asked: int
) -> None:
    line.meet("/push", fault)
    asker.connection.timeout = 0.3
    with pytest.raises(TimeoutError):
        asker.ask()
    assert len(posts) == asked


def test_what_waits_is_let_go_when_the_line_behaves(
    line: Line, asker: Asker, posts: list[bytes]
) -> None:
    line.meet("/push", chaos.latency(3_600))
    asker.connection.request("POST", "/push", b"one")
    eventually(lambda: bool(line.asked))
    assert posts == []
    line.behave()
    assert asker.connection.getresponse().status == 200
    assert posts == [b"one"]


def test_a_portal_and_a_redirect_answer_in_the_place_of_the_server(
    line: Line, asker: Asker, posts: list[bytes]
) -> None:
    line.meet("/push", chaos.portal, times=1)
    status, body = asker.ask()
    assert (status, body.startswith(b"<h1>Welcome")) == (200, True)
    line.meet("/push", chaos.redirected("/sign-in"), times=1)
    asker.connection.request("POST", "/push", b"one")
    answer = asker.connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (302, "/sign-in")
    assert posts == []


@pytest.mark.parametrize(
    ("fault", "arrived"), [(chaos.cut(after=4), b'{"po'), (chaos.cut(share=0.5), b'{"post')]
)
def test_a_body_ends_where_it_is_cut(
    line: Line, asker: Asker, fault: chaos.Fault, arrived: bytes
) -> None:
    line.meet("/push", fault)
    with pytest.raises(http.client.IncompleteRead) as cut:
        asker.ask()
    assert cut.value.partial == arrived


def test_a_dripping_answer_comes_in_small_pieces(line: Line) -> None:
    line.meet("/push", chaos.drip(40))  # two bytes at a time
    with socket.create_connection((LOOPBACK, line.port), PATIENCE_S) as sock:
        sock.sendall(b"POST /push HTTP/1.1\r\nContent-Length: 3\r\n\r\none")
        pieces: list[bytes] = []
        while not b"".join(pieces).endswith(b"}"):
            pieces.append(sock.recv(4_096))
    assert len(pieces) > 3
    assert b"".join(pieces).endswith(b'\r\n\r\n{"posts": 1}')


def test_a_flapping_line_is_bad_and_good_in_turn(line: Line, asker: Asker) -> None:
    line.meet("/push", chaos.flapping(chaos.portal, bad=2, good=1))
    answers = [asker.ask()[1].startswith(b"{") for _ in range(6)]
    assert answers == [False, False, True, False, False, True]


def test_a_change_of_the_body_keeps_the_length_true(line: Line, asker: Asker) -> None:
    line.change("/push", lambda body: body + b" and more")
    assert asker.ask() == (200, b'{"posts": 1} and more')


def test_a_line_that_is_cut_refuses_until_it_is_mended(
    line: Line, asker: Asker, posts: list[bytes]
) -> None:
    asker.ask()
    line.cut()
    with pytest.raises(ConnectionError):
        asker.ask()
    asker.connection.close()
    with pytest.raises(ConnectionRefusedError):
        asker.ask()
    asker.connection.close()
    line.mend()
    assert asker.ask()[0] == 200
    assert len(posts) == 2
