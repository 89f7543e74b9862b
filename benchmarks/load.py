"""A closed-loop HTTP load generator: N keep-alive clients, each asks again once it has its answer.

It runs in a process of its own (`python -m benchmarks.load < job.json`) and needs nothing but the
standard library, so that every system is measured by the same few microseconds a request. Unlike
most generators it lets the last answers arrive before it stops: what it counts is what the server
answered, and a test can compare that with what the server wrote down.
"""

import json
import re
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

LOOPBACK = "127.0.0.1"
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:\s*chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:\s*close", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Job:
    """What to ask, of whom, by how many clients, for how long."""

    port: int
    path: str
    bodies: Sequence[str]
    clients: int
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)
    # An answer that takes longer than this counts as an error; the run ends with it.
    patience: float = 20.0


@dataclass(frozen=True, slots=True)
class Load:
    """What came back. Latencies are milliseconds from the first byte sent to the last received."""

    answers: int
    errors: int
    statuses: dict[str, int]
    categories: dict[str, int]
    seconds: float
    p50: float
    p95: float
    p99: float
    worst: float
    reconnects: int
    generator_cpu: float

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


class _Client:
    """One keep-alive connection and the answer it waits for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received = bytearray()
        self.asked_at = 0.0
        self.waits = False
        self.sock = self._connect()

    def _connect(self) -> socket.socket:
        sock = socket.create_connection((LOOPBACK, self.port), timeout=5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def reconnect(self) -> None:
        self.sock.close()
        self.received.clear()
        self.waits = False
        self.sock = self._connect()

    def ask(self, request: bytes) -> None:
        self.received.clear()
        self.waits = True
        self.asked_at = time.perf_counter()
        self.sock.sendall(request)


def _complete(received: bytearray) -> int | None:
    """Return where the body begins once the whole answer is there, else None."""
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    body_start = head_end + 4
    # Bounded to the head, so that a body which quotes a header changes nothing.
    if length := _LENGTH.search(received, 0, head_end):
        return body_start if len(received) >= body_start + int(length[1]) else None
    if _CHUNKED.search(received, 0, head_end):
        return body_start if received.endswith(b"0\r\n\r\n") else None
    raise ValueError("an answer with neither a length nor chunks cannot be kept alive")


def _dechunk(body: bytes) -> bytes:
    """Return a chunked body without its framing."""
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        count = int(size, 16)
        if not count:
            break
        whole, body = whole + rest[:count], rest[count + 2 :]
    return whole


def _read(answer: bytes) -> tuple[str, str | None]:
    """Return the status of one raw answer and its category.

    The category is "" where the answer says that it has none, and None where it is no answer.
    """
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head[9:12].decode()
    if _CHUNKED.search(head):
        body = _dechunk(body)
    try:
        found = json.loads(body)
    except ValueError:
        return status, None
    if not isinstance(found, dict) or "category" not in found:
        return status, None
    return status, found["category"] or ""


def _percentile(ordered: Sequence[float], share: float) -> float:
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def generate(job: Job) -> Load:
    """Ask until the time is up, wait for the answers under way, and report."""
    extra = "".join(f"{name}: {value}\r\n" for name, value in job.headers.items())
    requests = [
        (
            f"POST {job.path} HTTP/1.1\r\nHost: {LOOPBACK}:{job.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n"
            f"{extra}\r\n{body}"
        ).encode()
        for body in job.bodies
    ]
    selector = selectors.DefaultSelector()
    clients = [_Client(job.port) for _ in range(job.clients)]
    for client in clients:
        selector.register(client.sock, selectors.EVENT_READ, client)

    latencies: list[float] = []
    answers: list[bytes] = []
    errors = reconnects = asked = 0
    cpu = time.process_time()
    begun = time.perf_counter()
    deadline = begun + job.seconds
    for client in clients:
        client.ask(requests[asked % len(requests)])
        asked += 1
    while any(client.waits for client in clients):
        events = selector.select(job.patience)
        if not events:
            errors += sum(client.waits for client in clients)
            break
        for key, _ in events:
            client = key.data
            try:
                data = client.sock.recv(1 << 16)
            except ConnectionError:
                data = b""
            client.received += data
            done = data and _complete(client.received) is not None
            now = time.perf_counter()
            if done:
                latencies.append((now - client.asked_at) * 1000)
                answers.append(bytes(client.received))
                client.waits = False
            elif data:
                continue
            else:
                errors += client.waits
            if not data or _CLOSE.search(client.received):
                selector.unregister(client.sock)
                client.reconnect()
                reconnects += 1
                selector.register(client.sock, selectors.EVENT_READ, client)
            if now < deadline:
                client.ask(requests[asked % len(requests)])
                asked += 1
    seconds = time.perf_counter() - begun
    cpu = time.process_time() - cpu
    for client in clients:
        client.sock.close()

    # Reading the answers would cost the server its core, so it waits until the clock has stopped.
    statuses: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    for answer in answers:
        status, category = _read(answer)
        statuses[status] += 1
        if category is not None:
            categories[category] += 1
    latencies.sort()
    return Load(
        answers=len(answers),
        errors=errors,
        statuses=dict(statuses),
        categories=dict(categories),
        seconds=seconds,
        p50=_percentile(latencies, 0.50),
        p95=_percentile(latencies, 0.95),
        p99=_percentile(latencies, 0.99),
        worst=latencies[-1] if latencies else 0.0,
        reconnects=reconnects,
        generator_cpu=cpu,
    )


def apply_load(job: Job) -> Load:
    """Run `generate` in a process of its own, so that the caller's threads do not disturb it."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(job)),
        capture_output=True,
        text=True,
        timeout=job.seconds + job.patience + 30,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed:\n{done.stderr}")
    return Load(**json.loads(done.stdout))


def main() -> None:
    print(json.dumps(asdict(generate(Job(**json.load(sys.stdin))))))


if __name__ == "__main__":
    main()
