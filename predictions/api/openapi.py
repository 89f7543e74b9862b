"""What the addresses of predictions have in common in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse


def errors(*statuses: int) -> dict[int, OpenApiResponse]:
    return {status: OpenApiResponse(PROBLEM_SCHEMA, WHY[status]) for status in statuses}


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A refusal as RFC 9457 lays it out.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body"},
                    "field": {"type": "string"},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                },
                "required": ["pointer", "field", "detail", "code"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "request_id", "code"],
}
WHY = {
    400: "The body or a header cannot be used; `errors` points at each fault.",
    401: "Sign in, or send a token.",
    403: "Your role does not allow this.",
    404: "There is no such thing.",
    409: "This does not fit what is stored now.",
    413: "The body is too large.",
    422: "The request is clear and cannot be carried out.",
    503: "Too much waits to be written. Nothing was answered; try again after Retry-After seconds.",
}
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 255 visible ASCII characters of your making. The same request under the same "
    "key gets the same answer and leaves one receipt.",
)
DEVICE = OpenApiParameter(
    "Shelfmark-Device",
    str,
    OpenApiParameter.HEADER,
    description="Which device asks, for the receipt.",
)
DEVICE_TIME = OpenApiParameter(
    "Shelfmark-Device-Time",
    str,
    OpenApiParameter.HEADER,
    description="What the device's clock says, with its offset, for the receipt.",
)
