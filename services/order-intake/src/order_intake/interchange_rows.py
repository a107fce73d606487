"""Interchanges as they are stored."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.database import Row, Transaction, columns
from shared.endings import Insert
from shared.reach import is_reached

from order_intake.edi import Interchange
from order_intake.interchange_views import control_of, plain
from order_intake.partner_rows import partners
from order_intake.partners import Partner
from order_intake.receiving import Sender

BODY, ACKNOWLEDGEMENT = "edi interchange", "edi acknowledgement"
"""What sealed bytes are bound to, beside the customer."""


WHITE = b" \t\r\n\x0b\x0c\x00\x1a"


class Control(NamedTuple):
    """What says that an interchange was here before."""

    partner: str
    syntax: str
    control: str
    sender: str
    sender_qualifier: str
    receiver: str
    receiver_qualifier: str


@dataclass(frozen=True, slots=True)
class Stored:
    interchange_id: UUID
    control: Control
    body_hash: bytes
    received_at: datetime
    holds_control: bool


def control_key(interchange: Interchange, partner: Partner) -> Control:
    sender, receiver = interchange.sender, interchange.receiver
    said = (sender.identifier, sender.qualifier, receiver.identifier, receiver.qualifier)
    return Control(partner.code, interchange.syntax.name, control_of(interchange), *map(plain, said))


def hash_of(interchange: Interchange) -> bytes:
    """White space around it is not part of it."""
    return hashlib.sha256(interchange.data.strip(WHITE)).digest()


_SENDERS = """
SELECT DISTINCT ids.syntax, ids.identifier, ids.qualifier, ids.code
FROM unnest($1::text[], $2::text[]) AS wanted (syntax, identifier) JOIN edi_partner_ids AS ids USING (syntax, identifier)
"""


async def known_senders(tx: Transaction, senders: Collection[Sender]) -> dict[Sender, Partner]:
    """Whose these identifiers are, and the same identifiers with other qualifiers. Another customer's partner is nobody."""
    wanted = [(each.syntax, each.identifier) for each in senders if "\0" not in each.identifier]
    rows = await tx.fetch(_SENDERS, *columns(wanted, 2)) if wanted else []
    known = await partners(tx, {row["code"] for row in rows}) if rows else {}
    found = {code: partner for code, partner in known.items() if is_reached(partner.customer_id)}
    return {Sender(row["syntax"], row["identifier"], row["qualifier"]): found[row["code"]] for row in rows if row["code"] in found}


_SEEN = """
SELECT interchange_id, body_hash, received_at, holds_control, partner, syntax, control, sender, sender_qualifier, receiver,
    receiver_qualifier
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS wanted (partner, syntax, control, sender, sender_qualifier, receiver, receiver_qualifier)
JOIN edi_interchanges USING (partner, syntax, control, sender, sender_qualifier, receiver, receiver_qualifier)
"""
_FREE = "UPDATE edi_interchanges SET holds_control = false WHERE interchange_id = ANY($1::uuid[])"


async def seen_before(tx: Transaction, controls: Collection[Control]) -> dict[Control, list[Stored]]:
    found: dict[Control, list[Stored]] = {}
    for row in await tx.fetch(_SEEN, *columns(sorted(set(controls)), 7)) if controls else ():
        control = Control(*(row[name] for name in Control._fields))
        stored = Stored(row["interchange_id"], control, row["body_hash"], row["received_at"], row["holds_control"])
        found.setdefault(control, []).append(stored)
    return found


async def free_controls(tx: Transaction, interchange_ids: Collection[UUID]) -> None:
    """Their control numbers are so old that they may be used again."""
    if interchange_ids:
        await tx.execute(_FREE, list(interchange_ids))


_OF = """
SELECT interchange_id, customer_id, partner, syntax, sender, sender_qualifier, receiver, receiver_qualifier, control, is_test, received_at,
    outcome, verdict, acknowledgement
FROM edi_interchanges WHERE interchange_id = ANY($1::uuid[])
"""


async def interchanges(tx: Transaction, interchange_ids: Collection[UUID]) -> Mapping[UUID, Row]:
    return {row["interchange_id"]: row for row in await tx.fetch(_OF, list(interchange_ids))} if interchange_ids else {}


_INTERCHANGE = ("uuid", *["text"] * 9, "bytea", "timestamptz", "bool", "bool", "jsonb", "text", "bytea", "bytea")
INTERCHANGES = Insert(
    "edi_interchanges_taken",
    _INTERCHANGE,
    """INSERT INTO edi_interchanges (interchange_id, customer_id, partner, syntax, control, sender, sender_qualifier, receiver,
            receiver_qualifier, outcome, body_hash, received_at, is_test, holds_control, verdict, key_id, body, acknowledgement)
        SELECT * FROM {rows} AS taken""",
)
_MESSAGE = ("uuid", "int", "text", "text", "text", "text", "text", "text", "text", "text", "text", "uuid", "text")
MESSAGES = Insert(
    "edi_messages_taken",
    _MESSAGE,
    """INSERT INTO edi_messages (interchange_id, position, customer_id, partner, type, release, reference, outcome, document_number,
            purpose, effect, order_id, change_number)
        SELECT * FROM {rows} AS taken""",
)
