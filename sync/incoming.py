"""Reading what a tablet sends, strictly: the batch, its changes, and what each of them carries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.api import Digest
from inventory.api.products import ProductInput
from lib.api import StrictSerializer, Text, Whole, field_errors, text_fault
from predictions.receipts import SHOWN
from sync.models import Change

PROTOCOL = 1
MOST_CHANGES = 50
MOST_BYTES = 256 * 1024
# What a change carries is flat. A value that is nested deeper is nothing that a tablet made.
_DEEPEST = 6
LARGEST = 2**53 - 1
_MOST_FAULTS = 3
_LONGEST_WORDS = 300
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
# The clock of a tablet may be years off, and no further than this.
_YEARS = range(1970, 2200)


class Identifier(Text):
    """A UUID as browsers write it."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_uuid": "Write this as a UUID in small letters, such as "
        "01890a5d-ac96-774b-bcce-b302099a8057."
    }

    def to_internal_value(self, data: Any) -> UUID:  # type: ignore[override]  # of a text
        text = super().to_internal_value(data)
        if not _UUID.fullmatch(text):
            self.fail("not_uuid")
        return UUID(text)


class Moment(Text):
    """A moment with its offset from UTC."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_moment": "Write this as a moment with its offset, such as 2026-11-20T08:15:00Z."
    }

    def to_internal_value(self, data: Any) -> datetime:  # type: ignore[override]  # of a text
        text = super().to_internal_value(data)
        try:
            told = datetime.fromisoformat(text)
            if told.tzinfo is not None and told.astimezone(UTC).year in _YEARS:
                return told.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        self.fail("not_moment")


_PRODUCT_SCHEMA = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"id": {"type": "integer"}},
            "required": ["id"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"uuid": {"type": "string", "format": "uuid"}},
            "required": ["uuid"],
            "additionalProperties": False,
        },
    ],
    "nullable": True,
}


@extend_schema_field(_PRODUCT_SCHEMA)
class ProductRef(serializers.Field[Any, Any, Any, Any]):
    """{"id": 7} or {"uuid": "…"}, the name that the tablet gave to a product it made."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_product": 'Name the product as {{"id": 7}} or as {{"uuid": "…"}}.'
    }

    def to_internal_value(self, data: Any) -> int | UUID:
        match data:
            case {"id": int(number), **rest} if not rest and not isinstance(number, bool):
                known: int = Whole(min_value=1, max_value=LARGEST).run_validation(number)
                return known
            case {"uuid": told, **rest} if not rest:
                made: UUID = Identifier().run_validation(told)
                return made
        self.fail("not_product")

    def to_representation(self, value: Any) -> Any:
        return value


class BatchInput(StrictSerializer):
    protocol = Whole(min_value=PROTOCOL, max_value=PROTOCOL)
    device = Identifier(help_text="The name that the tablet gave itself.")
    sent_at = Moment(help_text="By the clock of the tablet.")
    build = Text(max_length=64, allow_blank=True, default="")
    changes = serializers.ListField(child=serializers.DictField(), allow_empty=False)


class ChangeInput(StrictSerializer):
    id = Identifier()
    seq = Whole(min_value=0, max_value=LARGEST)
    person = Whole(min_value=1, max_value=LARGEST)
    kind = serializers.ChoiceField(choices=Change.Kind.values)
    product = ProductRef(allow_null=True)
    base_version = Whole(min_value=1, max_value=2**31 - 1, allow_null=True, default=None)
    payload = serializers.DictField()
    made_at = Moment()
    resolves = Identifier(allow_null=True, default=None)


# What each kind carries


class FieldsInput(ProductInput):
    category = None  # type: ignore[assignment]  # so DRF leaves it out


class SeenInput(StrictSerializer):
    category_id = Whole(min_value=1, max_value=LARGEST, allow_null=True)
    prediction = Identifier(allow_null=True, default=None)
    model = Digest(allow_null=True, default=None)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # DRF moves it to `fields`
        choices=["server", "tablet"], allow_null=True, default=None
    )


class CreatePayload(StrictSerializer):
    fields = serializers.DictField()  # type: ignore[assignment]  # read on
    category = Text(max_length=1000, allow_null=True)


class EditPayload(StrictSerializer):
    set = serializers.DictField(allow_empty=False)
    base = serializers.DictField()


class CategorizePayload(StrictSerializer):
    category = Text(max_length=1000, allow_null=True, help_text="A path.")
    seen = SeenInput()


class ReviewPayload(StrictSerializer):
    prediction = Identifier(help_text="A receipt, or the provisional change that it came from.")
    category = Text(max_length=1000, help_text="A path.")
    note = Text(max_length=1000, allow_blank=True, default="")
    seen = SeenInput()


class AlternativeInput(StrictSerializer):
    category = Text(max_length=500, trim_whitespace=False)
    score = Whole(min_value=-LARGEST, max_value=LARGEST)
    confidence_ppm = Whole(min_value=0, max_value=1_000_000)


class AnswerInput(AlternativeInput):
    model_sha256 = Digest()
    # DRF takes what belongs to the list; its types do not know that.
    alternatives = AlternativeInput(many=True, max_length=SHOWN - 1)  # type: ignore[call-arg]


class ProvisionalPayload(StrictSerializer):
    answer = AnswerInput()


class SkipPayload(StrictSerializer):
    prediction = Identifier()


class NoPayload(StrictSerializer):
    pass


_PAYLOADS: dict[str, type[StrictSerializer]] = {
    Change.Kind.CREATE: CreatePayload,
    Change.Kind.EDIT: EditPayload,
    Change.Kind.CATEGORIZE: CategorizePayload,
    Change.Kind.ACCEPT: ReviewPayload,
    Change.Kind.CORRECT: ReviewPayload,
    Change.Kind.PROVISIONAL: ProvisionalPayload,
    Change.Kind.SKIP: SkipPayload,
    Change.Kind.DISMISS: NoPayload,
}


class Invalid(Exception):
    """A change that nobody could carry out. The message is fit to show to the person."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One change, as a tablet sent it. What it carries is not read yet."""

    id: UUID
    seq: int
    person: int
    kind: str
    product_id: int | None
    product_uuid: UUID | None
    base_version: int | None
    made_at: datetime
    resolves: UUID | None
    payload: Mapping[str, Any]
    device: UUID
    sent_at: datetime
    build: str

    @property
    def product(self) -> str | None:
        """The name under which the changes of one product belong together."""
        if self.product_id is not None:
            return f"id:{self.product_id}"
        return f"uuid:{self.product_uuid}" if self.product_uuid is not None else None

    def body(self) -> bytes:
        """Return what must be the same whenever this change arrives, in one spelling.

        How it travels is left out: when it was sent, from which build, in which place.
        """
        told = {
            "person": self.person,
            "kind": self.kind,
            "product": self.product,
            "base_version": self.base_version,
            "made_at": self.made_at.isoformat(),
            "resolves": None if self.resolves is None else str(self.resolves),
            "payload": self.payload,
        }
        return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Batch:
    """What came in one delivery. Each change has at least a name under which it is answered."""

    device: UUID
    sent_at: datetime
    build: str
    changes: Sequence[tuple[UUID, Mapping[str, Any]]]


def read_batch(data: Any) -> Batch:
    """Return a batch whose changes are not read yet. Raise ValidationError if it is none."""
    batch = BatchInput(data=data)
    # What a person wrote is judged change by change: one must not hold up the others.
    batch.is_valid(raise_exception=True)
    told = batch.validated_data
    changes: list[tuple[UUID, Mapping[str, Any]]] = []
    for place, change in enumerate(told["changes"]):
        try:
            changes.append((Identifier().run_validation(change.get("id")), change))
        except ValidationError as error:
            raise ValidationError({"changes": {str(place): {"id": error.detail}}}) from error
    return Batch(told["device"], told["sent_at"], told["build"], changes)


def read_change(change: Mapping[str, Any], batch: Batch) -> Sent:
    """Return a change of a batch. Raise Invalid."""
    for fault in _faults(change):
        raise Invalid(fault)
    read = ChangeInput(data=change)
    if not read.is_valid():
        raise Invalid(in_words(read.errors))
    told = read.validated_data
    product = told["product"]
    return Sent(
        id=told["id"],
        seq=told["seq"],
        person=told["person"],
        kind=told["kind"],
        product_id=product if isinstance(product, int) else None,
        product_uuid=product if isinstance(product, UUID) else None,
        base_version=told["base_version"],
        made_at=told["made_at"],
        resolves=told["resolves"],
        payload=change["payload"],
        device=batch.device,
        sent_at=batch.sent_at,
        build=batch.build,
    )


def read_payload(sent: Sent) -> dict[str, Any]:
    """Return what a change carries. Raise Invalid.

    Of a new product, `fields` and `category`; of an edit, `set` is checked and `base` is as it
    came: what was on the screen may be older than today's rules.
    """
    told = _valid(_PAYLOADS[sent.kind](data=sent.payload))
    if sent.kind == Change.Kind.CREATE:
        fields = _valid(FieldsInput(data=told["fields"]))
        return {"fields": fields, "category": told["category"]}
    if sent.kind == Change.Kind.EDIT:
        if told["base"].keys() != told["set"].keys():
            raise Invalid("base: Say of each field that you set what it was before.")
        if any(isinstance(value, dict | list) for value in told["base"].values()):
            raise Invalid("base: A field holds a text, a number or nothing.")
        return {"set": _valid(FieldsInput(data=told["set"], partial=True)), "base": told["base"]}
    return told


def parsed(name: str, value: Any) -> Any:
    """Return what a field of a product would hold if this was written into it, or Invalid."""
    try:
        return FieldsInput().fields[name].run_validation(value)
    except ValidationError as error:
        raise Invalid(in_words({name: error.detail})) from error


def _valid(read: StrictSerializer) -> dict[str, Any]:
    if not read.is_valid():
        raise Invalid(in_words(read.errors))
    return dict(read.validated_data)


def in_words(detail: object) -> str:
    """Return faults of fields in a few words that can be stored and shown."""
    faults = field_errors(detail)
    words = [
        f"{one['pointer'].lstrip('/')}: {one['detail']}" if one["pointer"] else one["detail"]
        for one in faults[:_MOST_FAULTS]
    ]
    if len(faults) > _MOST_FAULTS:
        words.append(f"And {len(faults) - _MOST_FAULTS} more.")
    return _storable(" ".join(words))[:_LONGEST_WORDS]


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")


def _faults(value: Any, depth: int = 0) -> Iterator[str]:
    """Say what in a change nobody can store, without going into it without end."""
    if depth > _DEEPEST:
        yield "This is nested too deeply."
        return
    match value:
        case str():
            if fault := text_fault(value):
                yield fault
        case dict():
            for key, item in value.items():
                yield from _faults(key, depth)
                yield from _faults(item, depth + 1)
        case list():
            for item in value:
                yield from _faults(item, depth + 1)
