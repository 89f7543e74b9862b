"""A line between a browser and a server that can be slow, lose answers, and be cut.

Slowing the browser down with its own tools does not reach the requests of a service worker, so
this sits on the network: one thread for each connection, HTTP/1.1, standard library only.
"""

import contextlib
import http.client
import re
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.load import LOOPBACK
from tools.servers import free_port

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Line:
    """Forwards everything to the server's port. Rules hold for addresses that match a pattern."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.port = free_port()
        self.asked: list[str] = []
        self._slow: dict[str, float] = {}
        self._lost: set[str] = set()
        self._changed: dict[str, Callable[[bytes], bytes]] = {}
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener: _Listener | None = None
        self.mend()

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def slow(self, pattern: str, seconds: float) -> None:
        """Let requests wait before the server hears of them."""
        self._slow[pattern] = seconds

    def lose(self, pattern: str) -> None:
        """Let the server answer, and the answer never arrive."""
        self._lost.add(pattern)

    def change(self, pattern: str, change: Callable[[bytes], bytes]) -> None:
        """Let another body arrive than the server sent."""
        self._changed[pattern] = change

    def behave(self) -> None:
        """Forget every rule, and let go of what waits."""
        self._slow.clear()
        self._lost.clear()
        self._changed.clear()
        self._over.set()
        self._over = threading.Event()

    def cut(self) -> None:
        """Refuse connections, like a server that does not run, and drop those there are."""
        assert self._listener is not None
        self._listener.shutdown()
        self._listener.server_close()
        self._listener = None
        for sock in list(self._open):
            self._drop(sock)

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

    def took(self, sock: socket.socket) -> None:
        self._open.add(sock)

    def gave_back(self, sock: socket.socket) -> None:
        self._open.discard(sock)

    def wait(self, address: str) -> None:
        seconds = max((s for p, s in self._slow.items() if re.search(p, address)), default=0.0)
        if seconds:
            self._over.wait(seconds)

    def loses(self, address: str) -> bool:
        return any(re.search(pattern, address) for pattern in self._lost)

    def changed(self, address: str, body: bytes) -> bytes:
        for pattern, change in self._changed.items():
            if re.search(pattern, address):
                body = change(body)
        return body

    @staticmethod
    def _drop(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the other side was quicker
            sock.shutdown(socket.SHUT_RDWR)


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
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

        def forward(self) -> None:
            line.asked.append(f"{self.command} {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            line.wait(self.path)
            server = http.client.HTTPConnection(LOOPBACK, line.server_port, timeout=60)
            try:
                kept = {name: value for name, value in self.headers.items() if name != "Connection"}
                # Bodies are changed here, so they must not come compressed.
                kept["Accept-Encoding"] = "identity"
                server.request(self.command, self.path, body or None, kept)
                answer = server.getresponse()
                content = line.changed(self.path, answer.read())
            finally:
                server.close()
            if line.loses(self.path):
                self.close_connection = True
                return
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if answer.status not in (204, 304):
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = forward

    return Handler
