"""When a consignee is erased, the words that people wrote about the order go. That something was, and when, stays."""

from collections.abc import Sequence
from uuid import UUID

from shared.database import Transaction
from shared.errors import Gone
from shared.problems import problem

ERASED = "erased"
_OF_PEOPLE = "order_id = ANY($1::uuid[]) AND kind <> 'stockout'"
_CASES = f"""
UPDATE cases SET subject = $2, cause = CASE WHEN cause IS NOT NULL THEN $2 END, remedy = CASE WHEN remedy IS NOT NULL THEN $2 END
WHERE {_OF_PEOPLE} RETURNING case_id
"""
_TIMELINE = """
UPDATE timeline SET text = split_part(text, ':', 1)
WHERE order_id = ANY($1::uuid[]) AND type IN ('case.opened.v1', 'case.resolved.v1') AND text NOT LIKE 'Stockout%'
"""
_ANSWERS = """
UPDATE idempotency_keys SET status = $2, body = $3 FROM unnest($1::uuid[]) AS gone (case_id)
WHERE position(convert_to(case_id::text, 'UTF8') IN body) > 0
"""


async def forget_words(tx: Transaction, order_ids: Sequence[UUID]) -> None:
    """In cases, in their lines of the timeline, and in answers that are kept for a repetition."""
    cases = [row["case_id"] for row in await tx.fetch(_CASES, order_ids, ERASED)]
    if cases:
        gone = problem(Gone("The request was done. Its answer was erased with the personal data of an order."))
        await tx.execute(_TIMELINE, order_ids)
        await tx.execute(_ANSWERS, cases, gone.status, gone.model_dump_json().encode())
