"""Choices that are the same on every machine and for ever."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws from SHA-256 of a name, one digest per draw."""

    def __init__(self, name: str) -> None:
        self._name, self._drawn = name, 0

    def below(self, limit: int) -> int:
        self._drawn += 1
        digest = sha256(f"{self._name}/{self._drawn}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % limit

    def percent(self, chance: int) -> bool:
        return self.below(100) < chance

    def one(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[str], count: int) -> list[str]:
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]
