from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.bus import Heard
from shared.database import Transaction
from shared.envelope import LONGEST_TEXT
from shared.outbox import OUTBOX
from shared.tables import LARGEST_EVENT

TYPE = "dead_letter.v1"
REASON_CHARACTERS = 2000
"""Of a reason that is logged, kept with what is parked, and told."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be applied, and why."""

    heard: Heard
    reason: str


def topic_of(consumer: str) -> str:
    return f"{consumer}.dead-letters"


async def bury(tx: Transaction, consumer: str, letters: Sequence[DeadLetter]) -> None:
    """Say it on the consumer's own dead-letter topic: the message as it came, and the reason."""
    if letters:
        now = await tx.now()
        tx.gather(OUTBOX, [_row(consumer, letter, now) for letter in letters])


def _row(consumer: str, letter: DeadLetter, now: object) -> tuple[object, ...]:
    letter_id: UUID = uuid7()
    heard = letter.heard
    headers = {name: value.decode("utf-8", "replace") for name, value in heard.headers}
    key = _kept((heard.key or b"").decode("utf-8", "replace")) or "-"
    body = _fitting(consumer, letter, headers)
    customer = _kept(headers.get("ce_customerid", "-"))
    aggregate = f"dead-letter/{letter_id}"
    return (letter_id, topic_of(consumer), key, aggregate, 1, TYPE, customer, now, letter_id, None, None, body)


def _kept(text: str) -> str:
    """As PostgreSQL can keep it in an index."""
    return text[:LONGEST_TEXT].replace("\0", "\ufffd")


def _fitting(consumer: str, letter: DeadLetter, headers: dict[str, str]) -> bytes:
    """As much of the body as an event holds: a character of it becomes one to six bytes."""
    body = (letter.heard.body or b"")[:LARGEST_EVENT].decode("utf-8", "replace")
    while len(said := _json(consumer, letter, headers, body)) > LARGEST_EVENT:
        body = body[: len(body) * LARGEST_EVENT // (len(said) + 1)]
    return said


def _json(consumer: str, letter: DeadLetter, headers: dict[str, str], body: str) -> bytes:
    from pydantic_core import to_json

    heard = letter.heard
    return to_json(
        {
            "consumer": consumer,
            "topic": heard.partition.topic,
            "partition": heard.partition.number,
            "offset": heard.offset,
            "reason": letter.reason[:REASON_CHARACTERS],
            "headers": {name[:100]: value[:300] for name, value in list(headers.items())[:20]},
            "body": body,
        }
    )
