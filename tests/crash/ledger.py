"""The clients' side of the truth: every attempt is written down before it is sent, and what came of it after."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Self

from pydantic_core import from_json, to_json

from deploy.local.demo.client import IN_PROGRESS, Answer
from deploy.local.demo.journal import Acknowledged


class Outcome(StrEnum):
    """Unknown: it may have been done or not; the client asks again, with the same key, until it knows."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


def outcome_of(answer: Answer | None) -> Outcome:
    if answer is None or answer.status >= 500 or answer.status == 429 or (answer.status == 409 and IN_PROGRESS in answer.body):
        return Outcome.UNKNOWN
    return Outcome.OK if answer.is_ok else Outcome.FAILED


ENDS = DONE, TOO_LATE = "done", "too late"
REFUSALS = {"cancel": {"illegal-move", "cancellation-too-late"}, "amend": {"not-amendable", "amendment-waits"}}


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client wants done, however often it asks. `same_as` names the operation whose key it uses with another body."""

    name: str
    kind: str
    customer_id: str
    subject: str
    key: str | None = None
    same_as: str | None = None


@dataclass(slots=True)
class Entry:
    operation: Operation
    attempt: int
    outcome: Outcome | None = None
    status: int = 0
    thing_id: str | None = None
    problem: str | None = None


@dataclass
class Ledger:
    """Kept in memory and, line by line, in a file: `sent` before, `heard` after."""

    file: IO[bytes]
    entries: list[Entry] = field(default_factory=list)
    _attempts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def at(cls, path: Path) -> Self:
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path.open("wb", buffering=0))

    def close(self) -> None:
        """What is in memory stays."""
        self.file.close()

    def sent(self, operation: Operation) -> Entry:
        self._attempts[operation.name] += 1
        entry = Entry(operation, self._attempts[operation.name])
        self.entries.append(entry)
        self._write({"sent": operation.name, "attempt": entry.attempt, "kind": operation.kind, "subject": operation.subject})
        return entry

    def heard(self, entry: Entry, answer: Answer | None) -> Outcome:
        entry.outcome, entry.status = outcome_of(answer), answer.status if answer else 0
        said = _document(answer)
        entry.thing_id = next((str(said[name]) for name in ("order_id", "case_id", "shipment_id") if name in said), None)
        entry.problem = str(said["type"]).rsplit("/", 1)[-1] if "type" in said else None
        self._write({"heard": entry.operation.name, "attempt": entry.attempt, "outcome": entry.outcome, "status": entry.status})
        return entry.outcome

    @property
    def counts(self) -> Counter[str]:
        return Counter(str(entry.outcome or "under way") for entry in self.entries)

    @property
    def became(self) -> Counter[tuple[str, str]]:
        """Of operations, not of attempts: kind, and `done` or `too late`."""
        ends = {entry.operation.name: (entry.operation.kind, DONE if entry.outcome is Outcome.OK else TOO_LATE) for entry in self.definite}
        return Counter(ends.values())

    @property
    def definite(self) -> Sequence[Entry]:
        return [entry for entry in self.entries if entry.outcome in (Outcome.OK, Outcome.FAILED)]

    def acknowledged(self) -> Sequence[Acknowledged]:
        """Every order that a service said it had taken."""
        done = (entry for entry in self.entries if entry.operation.kind == "place" and entry.outcome is Outcome.OK)
        return [Acknowledged(entry.operation.customer_id, entry.operation.subject, entry.thing_id or "") for entry in done]

    def contradictions(self) -> list[str]:
        """What the answers alone say is wrong."""
        return [*self._told_apart(), *self._taken_back(), *self._taken_twice(), *self._refused_oddly()]

    def without_answer(self) -> list[str]:
        known = {entry.operation.name for entry in self.definite}
        return [f"{name} never had a definite answer" for name in self._attempts if name not in known]

    def _told_apart(self) -> Iterator[str]:
        """The same operation, done, was answered with two things."""
        things: dict[str, set[str | None]] = {}
        for entry in self.entries:
            if entry.outcome is Outcome.OK:
                things.setdefault(entry.operation.name, set()).add(entry.thing_id)
        yield from (f"{name} was answered with {sorted(map(str, ids))}" for name, ids in things.items() if len(ids) > 1)

    def _taken_back(self) -> Iterator[str]:
        """What was done is not refused when it is asked for again."""
        done: set[str] = set()
        for entry in self.entries:
            name = entry.operation.name
            if entry.outcome is Outcome.FAILED and name in done:
                yield f"{name} was done, and when it was sent again refused: {entry.status} {entry.problem}"
            if entry.outcome is Outcome.OK:
                done.add(name)

    def _taken_twice(self) -> Iterator[str]:
        """A key that was used, with another body, is refused as such."""
        wanted = {(422, "idempotency-key-reused"), (409, "reference-taken")}
        for entry in self.entries:
            if entry.operation.same_as and entry.outcome is not Outcome.UNKNOWN and entry.outcome is not None:
                name, keyed = entry.operation.name, entry.operation.key is not None
                if (entry.status, entry.problem) not in wanted or keyed != (entry.status == 422):
                    yield f"{name}, another body for what {entry.operation.same_as} did, was answered {entry.status} {entry.problem}"

    def _refused_oddly(self) -> Iterator[str]:
        """An order that was taken can be too far for a wish, and nothing else stands against it."""
        for entry in self.entries:
            meant = REFUSALS.get(entry.operation.kind)
            if meant and entry.outcome is Outcome.FAILED and (entry.status != 409 or entry.problem not in meant):
                yield f"{entry.operation.name} was refused: {entry.status} {entry.problem}"

    def _write(self, line: dict[str, object]) -> None:
        self.file.write(to_json(line) + b"\n")


def _document(answer: Answer | None) -> dict[str, object]:
    try:
        said = from_json(answer.body) if answer else {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
