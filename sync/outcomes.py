"""What can become of a change: it was carried out, or there is a reason why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import User
from inventory.models import Product
from ledger.models import Entry
from sync.incoming import Sent
from sync.models import Change


@dataclass(frozen=True, slots=True)
class Task:
    """A change to carry out: what was sent, what it carries, by whom and when."""

    sent: Sent
    payload: Mapping[str, Any]
    # Locked, as it is now. None for a product that is yet to be made, or if none is meant.
    product: Product | None
    # The change that this one settles.
    resolves: Change | None
    by: User
    now: datetime
    request_id: str

    @property
    def known_product(self) -> Product:
        assert self.product is not None  # whoever settles a change has seen to it
        return self.product


@dataclass(frozen=True, slots=True)
class Done:
    """It was carried out."""

    product: Product | None
    prediction: UUID | None = None
    agreement: str | None = None
    # The machine had changed the product meanwhile, and the person won.
    rebased: bool = False
    # What anybody who reads the log may know of it.
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contested:
    """Two values for one thing. `entry` tells who set the other one."""

    what: str
    mine: Any
    theirs: Any
    entry: Entry | None


class NotDone(Exception):
    """It was not carried out, for good. The message is fit to show to the person."""

    status: str
    code: str
    contested: Sequence[Contested] = ()


class Rejected(NotDone):
    status = Change.Status.REJECTED

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Conflicting(NotDone):
    """Somebody else decided otherwise. The person has to choose."""

    status = Change.Status.CONFLICT

    def __init__(self, code: str, sentence: str, contested: Sequence[Contested]) -> None:
        super().__init__(sentence)
        self.code = code
        self.contested = contested


class Held(Exception):
    """It has to wait for an earlier change. Nothing is stored of it."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What the tablet is told of one change."""

    id: UUID
    # As in the result: also "duplicate" and "deferred".
    status: str
    code: str | None = None
    detail: str | None = None
    # What is stored of it. None: nothing is.
    change: Change | None = None
    contested: Sequence[Contested] = ()
    # By which names later changes of the same product are known.
    products: frozenset[str] = frozenset()

    @property
    def went_through(self) -> bool:
        return self.status == Change.Status.APPLIED or (
            self.status == "duplicate"
            and self.change is not None
            and self.change.status == Change.Status.APPLIED
        )
