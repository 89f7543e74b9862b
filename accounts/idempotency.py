"""A write that may arrive twice has one effect and one answer.

The client sends an `Idempotency-Key` of its own making; see
draft-ietf-httpapi-idempotency-key-header-07, which this follows.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

from django.db import connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import actions
from accounts.models import IdempotencyKey, User
from lib import clock
from lib.api import Conflict, Unprocessable

_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 255 visible ASCII characters of your making. The same request under "
    "the same key has one effect.",
)

View = TypeVar("View", bound=APIView)
P = ParamSpec("P")
Handler = Callable[Concatenate[View, Request, P], HttpResponseBase]


class StillRunning(Conflict):
    default_detail = "The first request with this Idempotency-Key is still running. Ask again."
    default_code = "still_running"
    retry_after = 1


def idempotent(*, secret: Collection[str] = ()) -> Callable[[Handler[View, P]], Handler[View, P]]:
    """Decorate a handler so that a request that arrives twice has one effect.

    The answer is stored in the transaction of the effect. Only answers of success are
    stored: a request that was refused had no effect, and may be corrected and sent again
    under the same key. `secret` names members of the answer that are not stored, and are
    null when the answer is sent again.
    """

    def decorate(handler: Handler[View, P]) -> Handler[View, P]:
        @functools.wraps(handler)
        def answer(
            view: View, request: Request, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            first = Delivery.of(request, secret=secret)
            if first is None:
                return handler(view, request, *args, **kwargs)
            with transaction.atomic():
                first.lock()
                if stored := first.find():
                    return first.replay(stored)
                response = handler(view, request, *args, **kwargs)
                first.keep(response)
                return response

        return cast(Handler[View, P], answer)

    return decorate


class Delivery:
    """One of possibly many deliveries of a request. The first has the effect.

    A handler that writes in a way of its own asks `find` and `replay` before, and writes the
    `row` of its answer in the transaction of its effect.
    """

    @classmethod
    def of(cls, request: Request, *, secret: Collection[str] = ()) -> Self | None:
        """Return the delivery that `request` is, or None if it has no Idempotency-Key."""
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if not _KEY.fullmatch(key):
            raise ParseError(
                "Make the Idempotency-Key of 1 to 255 visible ASCII characters.",
                code="invalid_idempotency_key",
            )
        return cls(request, key, secret)

    def __init__(self, request: Request, key: str, secret: Collection[str]) -> None:
        assert isinstance(request.user, User)
        self.user = request.user
        self.method = request.method or ""
        self.path = request.path
        self.key = key
        self.secret = secret
        request.data  # noqa: B018  (reads and checks the body, so that .body below has it)
        self.body_sha256 = hashlib.sha256(request._request.body).hexdigest()

    def lock(self) -> None:
        """Refuse to run beside another delivery of the same request.

        SQLite has one writer, so the other delivery has simply finished by now.
        """
        if connection.vendor != "postgresql":
            return
        name = f"{self.user.pk} {self.method} {self.path} {self.key}"
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
            if not cursor.fetchone()[0]:
                raise StillRunning

    def find(self) -> IdempotencyKey | None:
        return IdempotencyKey.objects.filter(
            user=self.user, method=self.method, path=self.path, key=self.key
        ).first()

    def replay(self, stored: IdempotencyKey) -> HttpResponse:
        if stored.body_sha256 != self.body_sha256:
            raise Unprocessable(
                "This Idempotency-Key belongs to a request with another body. Make a new key.",
                code="idempotency_key_reused",
            )
        response = HttpResponse(
            stored.body(), status=stored.status, content_type="application/json"
        )
        if not stored.body():
            del response["Content-Type"]
        response["Idempotency-Replayed"] = "true"
        for name, value in (("Location", stored.location), ("ETag", stored.etag)):
            if value:
                response[name] = value
        return response

    def row(self, *, status: int, body: bytes, now: datetime) -> IdempotencyKey:
        """Return what keeps an answer, not written yet."""
        return IdempotencyKey(
            user=self.user,
            method=self.method,
            path=self.path,
            key=self.key,
            body_sha256=self.body_sha256,
            status=status,
            response_body=body,
            created_at=now,
        )

    def keep(self, response: HttpResponseBase) -> None:
        if not 200 <= response.status_code < 300:
            return
        actions.keep_answer(
            user=self.user,
            method=self.method,
            path=self.path,
            key=self.key,
            body_sha256=self.body_sha256,
            status=response.status_code,
            response_body=self._stored_body(response),
            location=response.get("Location", ""),
            etag=response.get("ETag", ""),
            now=clock.now(),
        )

    def _stored_body(self, response: HttpResponseBase) -> bytes:
        if not isinstance(response, Response):
            return b"" if not isinstance(response, HttpResponse) else response.content
        data: Any = response.data
        if self.secret:
            data = {**data, **dict.fromkeys(self.secret)}
        return bytes(JSONRenderer().render(data))
