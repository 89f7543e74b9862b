"""What the addresses of products and of categories share."""

import re

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from accounts.models import User
from inventory import actions
from lib.api import Conflict

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description='The version you have read, such as "3". Another version answers 409.',
)
_ETAG = re.compile(r'(?:W/)?"?([1-9][0-9]{0,9})"?', re.ASCII)


def stale(error: actions.Stale) -> Conflict:
    conflict = Conflict(str(error), code="stale")
    conflict.members = {"current_version": error.current}
    return conflict


def person(request: Request) -> User:
    assert isinstance(request.user, User)  # the permission class lets nobody else in
    return request.user


def read_version(request: Request, in_body: int | None = None) -> int | None:
    """Return the version the client has read, as its If-Match header or its body says."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return in_body
    match = _ETAG.fullmatch(header.strip())
    if match is None:
        raise ParseError('Write If-Match as a version in quotes, such as "3".')
    version = int(match[1])
    if in_body is not None and in_body != version:
        raise ParseError("If-Match and the version in the body differ.")
    return version
