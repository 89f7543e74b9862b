"""Logs: one JSON object a line on standard error, each with the id of the request it belongs to."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog

from lib.ids import request_id as new_id

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_SHARED: tuple[Any, ...] = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
)
_RENDERED: tuple[Any, ...] = (
    structlog.processors.EventRenamer("message"),
    structlog.processors.JSONRenderer(),
)


def configure(level: str) -> None:
    """Let structlog write JSON. Call once, from the settings.

    Our own lines do not go through the logging module: that made one line as expensive as a
    prediction.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *_SHARED,
            structlog.processors.format_exc_info,
            *_RENDERED,
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def settings(level: str) -> dict[str, Any]:
    """Return LOGGING: what Django, the web server and libraries log comes out in the same form."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.contextvars.merge_contextvars,
                    *_SHARED,
                    structlog.stdlib.ExtraAdder(["status_code"]),
                    structlog.processors.format_exc_info,
                ],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *_RENDERED,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # A refusal is in the request's own line.
            "django.request": {"level": "ERROR"},
            # Whoever asks under a wrong name is answered 400; a traceback for each would let
            # strangers fill the disk.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }


def id_of(meta: Mapping[str, Any]) -> str:
    """Return the id of a request: what was sent as X-Request-Id, or a new one.

    Anything but a short plain word is replaced, since it ends up in logs and receipts.
    """
    sent = meta.get("HTTP_X_REQUEST_ID", "")
    return sent if _SANE_ID.fullmatch(sent) else new_id()


class RequestLog:
    """Middleware: gives each request an id and writes one line when it is done.

    The answer carries the id back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.log = structlog.get_logger("request")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        request_id = id_of(request.META)
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id
            self.log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 2),
            )
            return response
        finally:
            # Threads are used again; what one request bound must not be in the next one's lines.
            structlog.contextvars.clear_contextvars()
