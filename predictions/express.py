"""The short way to an answer, in front of Django.

Nearly every request is the same: one faultless product, from a token that was seen a moment ago.
Django and DRF would take longer over it than the model does. This asks their questions by their own
functions, in order, and as soon as one of them is not answered with a plain yes it steps aside: the
request goes to Django as it came. So this never refuses anybody, and there is one place only where
refusals are made, tokens are looked up, lists are answered and keys are kept.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http.request import split_domain_port, validate_host
from rest_framework.exceptions import APIException

from accounts.authentication import CachedTokenAuthentication
from lib import clock
from lib.api import load_json
from lib.group_commit import Overloaded
from lib.logs import id_of
from predictions import actions, features
from predictions.api import MAY_ASK, asker_of, shown
from predictions.receipts import Question

PATH = "/api/v1/predictions"
# Larger bodies are lists or mistakes, and have time.
MOST_BYTES = 65_536

Environ = dict[str, Any]
Headers = Iterable[tuple[str, str]]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Express:
    """A WSGI application that answers plain predictions and passes everything else on.

    No line is written to the log for an answer: its receipt says who asked, when, what and how
    long it took, under the same request id.
    """

    def __init__(
        self, application: Application, *, more_headers: Callable[[], Headers] = tuple
    ) -> None:
        self.application = application
        self.more_headers = more_headers
        self.headers = [
            ("Content-Type", "application/json"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", str(settings.SECURE_REFERRER_POLICY)),
            ("Cross-Origin-Opener-Policy", str(settings.SECURE_CROSS_ORIGIN_OPENER_POLICY)),
        ]
        if settings.SECURE_HSTS_SECONDS:
            below = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
            policy = f"max-age={settings.SECURE_HSTS_SECONDS}{below}"
            self.headers.append(("Strict-Transport-Security", policy))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH and environ["REQUEST_METHOD"] == "POST":
            request_id = id_of(environ)
            if (answer := self._answer(environ, request_id)) is not None:
                start_response(
                    "200 OK",
                    [
                        *self.headers,
                        *self.more_headers(),
                        ("Content-Length", str(len(answer))),
                        ("X-Request-Id", request_id),
                    ],
                )
                return [answer]
        return self.application(environ, start_response)

    def _answer(self, environ: Environ, request_id: str) -> bytes | None:
        """Return the answer to a plain question, or None and the request as it came."""
        known = CachedTokenAuthentication.recall(environ.get("HTTP_AUTHORIZATION", ""))
        length = environ.get("CONTENT_LENGTH", "")
        if (
            known is None
            or not known[0].has_perm(MAY_ASK)
            or environ.get("CONTENT_TYPE") != "application/json"
            or not (length.isascii() and length.isdigit() and int(length) <= MOST_BYTES)
            or "HTTP_IDEMPOTENCY_KEY" in environ
            or "HTTP_TRANSFER_ENCODING" in environ
            or environ.get("QUERY_STRING")
            or (settings.SECURE_SSL_REDIRECT and not _is_secure(environ))
            or not _is_allowed(environ.get("HTTP_HOST", ""))
        ):
            return None
        user, token = known
        body = environ["wsgi.input"].read(int(length))
        try:
            product = features.read(load_json(body))
            (made,) = actions.predict(
                questions=[Question(product)],
                asker=asker_of(user=user, token=token, meta=environ, request_id=request_id),
                now=clock.now(),
            )
        except (APIException, DatabaseError, Overloaded):
            # Nothing was answered. Django finds the same fault and has the words for it.
            environ["wsgi.input"] = io.BytesIO(body)
            return None
        return json.dumps(shown(made)).encode()


def _is_secure(environ: Environ) -> bool:
    """Return whether this came by HTTPS, as Django's request.is_secure() does."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        if (sent := environ.get(name)) is not None:
            return bool(sent.split(",", 1)[0].strip() == value)
    return bool(environ["wsgi.url_scheme"] == "https")


@lru_cache(maxsize=64)
def _is_allowed(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
