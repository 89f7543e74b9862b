"""What can happen to one request on its way: the faults that a line knows (e2e/line.py).

A fault is called with the call and with what would have happened without it, and returns what the
browser gets. Faults of one line are chained, the last one outermost.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Reply:
    """What the browser gets: the head in full, the body perhaps slowly or in part."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    bytes_per_second: float | None = None
    stops_after: int | None = None


class HangUp(Exception):
    """The browser gets no answer: the connection ends, politely or with a reset (RST)."""

    def __init__(self, *, with_reset: bool = False) -> None:
        super().__init__()
        self.with_reset = with_reset


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the browser."""

    method: str
    path: str
    body: bytes
    over: threading.Event

    def wait(self, seconds: float | None = None) -> None:
        """Wait for so long, or until the line behaves again."""
        self.over.wait(seconds)


Go = Callable[[], Reply]
Fault = Callable[[Call, Go], Reply]


def latency(seconds: float) -> Fault:
    """Let it wait before the server hears of it."""

    def fault(call: Call, go: Go) -> Reply:
        call.wait(seconds)
        return go()

    return fault


def black_hole(call: Call, go: Go) -> Reply:
    """Let it arrive nowhere, and nobody say so."""
    call.wait()
    raise HangUp


def no_answer(call: Call, go: Go) -> Reply:
    """Let the server carry it out, and nobody ever say so."""
    go()
    call.wait()
    raise HangUp


def lost(call: Call, go: Go) -> Reply:
    """Let the server carry it out, and the connection end without an answer."""
    go()
    raise HangUp


def reset(call: Call, go: Go) -> Reply:
    """Let the server carry it out, and the connection be reset.

    A browser may send it again by itself if it had used the connection before.
    """
    go()
    raise HangUp(with_reset=True)


def bad_gateway(call: Call, go: Go) -> Reply:
    """Let the server carry it out, and a proxy say that it is not there."""
    go()
    return unavailable(call, go)


def unavailable(call: Call, go: Go) -> Reply:
    """Let a proxy say that the server is not there, and be right."""
    return page(502, "Bad Gateway", "<h1>502 Bad Gateway</h1>")


def portal(call: Call, go: Go) -> Reply:
    """Answer in the server's place, as the Wi-Fi of a hotel does."""
    return page(200, "OK", "<h1>Welcome! Please accept our terms.</h1>")


def redirected(to: str) -> Fault:
    """Send it elsewhere, as a proxy does that wants a sign-in of its own."""

    def fault(call: Call, go: Go) -> Reply:
        return replace(page(302, "Found", ""), headers=(("Location", to),))

    return fault


def changed(change: Callable[[bytes], bytes]) -> Fault:
    """Let another body arrive than the server sent."""

    def fault(call: Call, go: Go) -> Reply:
        reply = go()
        return replace(reply, body=change(reply.body))

    return fault


def cut(*, after: int | None = None, share: float | None = None) -> Fault:
    """Let the answer end within its body: after so many bytes, or after a share of them."""

    def fault(call: Call, go: Go) -> Reply:
        reply = go()
        length = after if after is not None else int(len(reply.body) * (share or 0))
        return replace(reply, stops_after=length)

    return fault


def drip(bytes_per_second: float) -> Fault:
    """Let the answer arrive slowly."""

    def fault(call: Call, go: Go) -> Reply:
        return replace(go(), bytes_per_second=bytes_per_second)

    return fault


def flapping(fault: Fault, *, bad: int, good: int) -> Fault:
    """Let so many requests suffer, then so many pass, and so on."""
    lock = threading.Lock()
    met = 0

    def some(call: Call, go: Go) -> Reply:
        nonlocal met
        with lock:
            is_bad = met % (bad + good) < bad
            met += 1
        return fault(call, go) if is_bad else go()

    return some


def page(status: int, reason: str, html: str) -> Reply:
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"))
    return Reply(status, reason, headers, html.encode())
