"""The load generator counts what a server answered, no more and no less."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.load import Job, generate


class Shop(BaseHTTPRequestHandler):
    """Answers each product with its own name as the category; `/limit` refuses after a while."""

    protocol_version = "HTTP/1.1"
    seen: list[str] = []

    def do_POST(self) -> None:
        name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["name"]
        self.seen.append(name)
        body = json.dumps({"category": name}).encode()
        self.send_response(404 if self.path == "/missing" else 200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
            return
        if self.path == "/closing":
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def shop() -> Iterator[int]:
    Shop.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def job(port: int, path: str) -> Job:
    bodies = [json.dumps({"name": name}) for name in ("Regal", "Étagère", "棚")]
    return Job(port=port, path=path, bodies=bodies, clients=3, seconds=0.2)


def test_every_answer_is_counted_also_those_under_way_at_the_end() -> None:
    with shop() as port:
        load = generate(job(port, "/predict"))
    assert load.answers == len(Shop.seen) > 0
    assert load.errors == 0
    assert load.statuses == {"200": load.answers}
    assert sum(load.categories.values()) == load.answers
    assert set(load.categories) <= {"Regal", "Étagère", "棚"}


def test_percentiles_are_in_order() -> None:
    with shop() as port:
        load = generate(job(port, "/predict"))
    assert 0 < load.p50 <= load.p95 <= load.p99 <= load.worst


def test_a_chunked_answer_is_read_to_its_end() -> None:
    with shop() as port:
        load = generate(job(port, "/chunked"))
    assert sum(load.categories.values()) == load.answers == len(Shop.seen) > 0


def test_a_refusal_is_an_answer_with_its_status() -> None:
    with shop() as port:
        load = generate(job(port, "/missing"))
    assert load.statuses == {"404": load.answers}


def test_a_closed_connection_is_opened_again() -> None:
    with shop() as port:
        load = generate(job(port, "/closing"))
    assert load.reconnects >= load.answers - 3
    assert load.answers == len(Shop.seen) > 3
    assert load.errors == 0
