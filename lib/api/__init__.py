"""What every endpoint under /api/ shares: how bodies are read and how refusals look."""

from lib.api.bodies import (
    JSONOnly,
    StrictJSONParser,
    load_json,
    parse_json,
    require_length,
    text_fault,
)
from lib.api.fields import Money, QuerySerializer, StrictSerializer, Text, Whole, next_page
from lib.api.permissions import Nobody, needs
from lib.api.problems import (
    MOST_ERRORS,
    PROBLEM,
    BadQuery,
    Conflict,
    TooLarge,
    Unavailable,
    Unprocessable,
    field_errors,
    pointer,
    problem,
    problem_handler,
    problem_of,
    problem_response,
)

__all__ = [
    "MOST_ERRORS",
    "PROBLEM",
    "BadQuery",
    "Conflict",
    "JSONOnly",
    "Money",
    "Nobody",
    "QuerySerializer",
    "StrictJSONParser",
    "StrictSerializer",
    "Text",
    "TooLarge",
    "Unavailable",
    "Unprocessable",
    "Whole",
    "field_errors",
    "load_json",
    "needs",
    "next_page",
    "parse_json",
    "pointer",
    "problem",
    "problem_handler",
    "problem_of",
    "problem_response",
    "require_length",
    "text_fault",
]
