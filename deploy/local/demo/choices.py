"""Seeded choices: the same thing is always decided the same way, in whatever order things happen."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

RATES: Mapping[str, float] = {
    "scarce item": 0.05,
    "replenished item": 0.5,
    "item in the second warehouse": 0.10,
    "item in both warehouses": 0.05,
    "partial allowed": 0.3,
    "cancelled at once": 0.015,
    "cancelled by us": 0.3,
    "cancelled too late": 0.01,
    "held at once": 0.015,
    "rejected from hold": 0.35,
    "short pick": 0.015,
    "failed attempt": 0.04,
    "late delivery": 0.02,
    "damaged delivery": 0.03,
    "short delivery": 0.015,
    "unsigned delivery": 0.01,
    "resolved complaint": 0.8,
}
"""How often something happens that a real center sees every day."""

SERVICE_LEVELS = {"express": 0.2, "standard": 0.6, "economy": 0.2}


@dataclass(frozen=True)
class Choices:
    seed: int = 1

    def chance(self, kind: str, key: str) -> float:
        """A number in [0, 1) that depends on nothing but the seed, the kind and the key."""
        drawn = blake2b(f"{self.seed}/{kind}/{key}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn) / 2**64

    def happens(self, kind: str, key: str) -> bool:
        return self.chance(kind, key) < RATES[kind]

    def service_level(self, key: str) -> str:
        return self.weighted(SERVICE_LEVELS, "service level", key)

    def weighted(self, weights: Mapping[T, float], kind: str, key: str) -> T:
        drawn = self.chance(kind, key) * sum(weights.values())
        for value, weight in weights.items():
            drawn -= weight
            if drawn < 0:
                return value
        return value

    def part(self, whole: int, kind: str, key: str, low: float, high: float) -> int:
        """Between low and high times the whole."""
        return int(whole * (low + (high - low) * self.chance(kind, key)))
