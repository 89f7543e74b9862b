"""A line between a browser and a server that can be slow, lose answers, lie, and be cut.

Slowing the browser down with its own tools does not reach the requests of a service worker, so
this sits on the network: one thread for each connection, HTTP/1.1, standard library only. What can
happen to a request is in e2e/chaos.py.
"""

import contextlib
import http.client
import os
import re
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.load import LOOPBACK
from e2e import chaos
from e2e.chaos import Call, Fault, HangUp, Reply
from tools.servers import free_port

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_SLICE_S = 0.05


@dataclass(frozen=True, slots=True)
class Heard:
    """What the server was asked, and what it said, whatever the browser got to see of it."""

    method: str
    path: str
    body: bytes
    status: int
    answer: bytes


@dataclass(slots=True)
class _Rule:
    pattern: str
    fault: Fault
    left: int | None


class Line:
    """Forwards everything to the server's port. Rules hold for addresses that match a pattern.

    A pattern is searched in the address and in "METHOD /address".
    """

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.port = free_port()
        self.asked: list[str] = []
        self.heard: list[Heard] = []
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self.over = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener: _Listener | None = None
        self.mend()

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def meet(self, pattern: str, fault: Fault, *, times: int | None = None) -> None:
        """Let the next so many requests that match suffer this, or all of them."""
        with self._lock:
            self._rules.append(_Rule(pattern, fault, times))

    def slow(self, pattern: str, seconds: float) -> None:
        """Let requests wait before the server hears of them."""
        self.meet(pattern, chaos.latency(seconds))

    def lose(self, pattern: str) -> None:
        """Let the server answer, and the answer never arrive."""
        self.meet(pattern, chaos.lost)

    def change(self, pattern: str, change: Callable[[bytes], bytes]) -> None:
        """Let another body arrive than the server sent."""
        self.meet(pattern, chaos.changed(change))

    def behave(self) -> None:
        """Forget every rule, and let go of what waits."""
        with self._lock:
            self._rules.clear()
            self.over.set()
            self.over = threading.Event()

    def cut(self) -> None:
        """Refuse connections, like a server that does not run, and drop those there are."""
        assert self._listener is not None
        self._listener.shutdown()
        self._listener.server_close()
        self._listener = None
        for sock in list(self._open):
            with contextlib.suppress(OSError):  # the other side was quicker
                sock.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._listener = _Listener((LOOPBACK, self.port), _handler(self))
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.behave()
        if self._listener is not None:
            self.cut()

    def count(self, pattern: str) -> int:
        """Return how many requests came whose "METHOD /address" matches."""
        return sum(bool(re.search(pattern, one)) for one in self.asked)

    def reached(self, pattern: str) -> list[Heard]:
        """Return what the server was asked, and answered, at addresses that match."""
        return [one for one in self.heard if re.search(pattern, f"{one.method} {one.path}")]

    def took(self, sock: socket.socket) -> None:
        self._open.add(sock)

    def gave_back(self, sock: socket.socket) -> None:
        self._open.discard(sock)

    def carry(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """Return what the browser gets for a request. Raise HangUp if it gets nothing."""
        address = f"{method} {path}"
        self.asked.append(address)
        call = Call(method, path, body, self.over)

        def go() -> Reply:
            return self._ask(method, path, headers, body)

        for fault in self._faults(address, path):
            go = partial(fault, call, go)
        return go()

    def _faults(self, *addresses: str) -> list[Fault]:
        found = []
        with self._lock:
            for rule in self._rules:
                if rule.left != 0 and any(re.search(rule.pattern, one) for one in addresses):
                    found.append(rule.fault)
                    rule.left = None if rule.left is None else rule.left - 1
        return found

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        server = http.client.HTTPConnection(LOOPBACK, self.server_port, timeout=60)
        try:
            server.request(method, path, body or None, headers)
            answer = server.getresponse()
            content = answer.read()
        finally:
            server.close()
        self.heard.append(Heard(method, path, body, answer.status, content))
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP]
        return Reply(answer.status, answer.reason, tuple(kept), content)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


def _handler(line: Line) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # The rest of a request belongs to one packet with its head; Nagle would hold it back.
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            line.took(self.connection)

        def finish(self) -> None:
            line.gave_back(self.connection)
            with contextlib.suppress(OSError):  # the line was cut meanwhile
                super().finish()

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, http.client.HTTPException):
                # The line was cut, or the server died: no answer.
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {name: value for name, value in self.headers.items() if name != "Connection"}
            # Bodies are changed here, so they must not come compressed.
            kept["Accept-Encoding"] = "identity"
            try:
                reply = line.carry(self.command, self.path, kept, body)
            except HangUp as end:
                self.close_connection = True
                if end.with_reset:
                    _reset(self.connection)
                return
            self.answer(reply)

        def answer(self, reply: Reply) -> None:
            self.send_response_only(reply.status, reply.reason)
            for name, value in reply.headers:
                self.send_header(name, value)
            if reply.status not in (204, 304):
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            body = reply.body[: reply.stops_after]
            if reply.bytes_per_second is None:
                self.wfile.write(body)
            else:
                self.drip(body, reply.bytes_per_second, line.over)
            if len(body) < len(reply.body):
                self.close_connection = True

        def drip(self, body: bytes, bytes_per_second: float, over: threading.Event) -> None:
            size = max(1, int(bytes_per_second * _SLICE_S))
            for start in range(0, len(body), size):
                self.wfile.write(body[start : start + size])
                over.wait(size / bytes_per_second)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = forward

    return Handler


def _reset(sock: socket.socket) -> None:
    """End a connection with RST: nothing more is sent, and what waits is thrown away."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Closing the object would wait for the files that are made of it.
    os.close(sock.detach())
