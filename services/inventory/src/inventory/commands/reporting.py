"""What customers have in stock, said because a report was asked for."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from shared.database import Transaction
from shared.events import LINES_PER_EVENT, InventoryReportRequested, StockBalance, StockReported
from shared.outbox import publish

_STOCK = """
SELECT customer_id, sku, warehouse, on_hand, reserved FROM stock WHERE customer_id = ANY($1::text[]) ORDER BY customer_id, warehouse, sku
"""


async def report_stocks(tx: Transaction, requested: Sequence[InventoryReportRequested]) -> None:
    """All balances are of one moment. Who has no stock is told so."""
    balances: defaultdict[str, list[StockBalance]] = defaultdict(list)
    for row in await tx.fetch(_STOCK, sorted({request.customer_id for request in requested})):
        customer_id, sku, warehouse, on_hand, reserved = row
        balances[customer_id].append(StockBalance(sku=sku, warehouse=warehouse, on_hand=on_hand, reserved=reserved))
    for request in requested:
        wanted = [each for each in balances[request.customer_id] if request.warehouse in (None, each.warehouse)]
        for version, (part, more) in enumerate(_parts(wanted), 1):
            await publish(tx, await _report(tx, request, version, part, more=more))


async def _report(
    tx: Transaction, request: InventoryReportRequested, version: int, part: tuple[StockBalance, ...], *, more: bool
) -> StockReported:
    now = await tx.now()
    return StockReported(
        customer_id=request.customer_id,
        version=version,
        occurred_at=now,
        report_id=request.report_id,
        counted_at=now,
        balances=part,
        more=more,
    )


def _parts(balances: Sequence[StockBalance]) -> Iterator[tuple[tuple[StockBalance, ...], bool]]:
    """At least one, and whether more follow."""
    for start in range(0, max(len(balances), 1), LINES_PER_EVENT):
        end = start + LINES_PER_EVENT
        yield tuple(balances[start:end]), end < len(balances)
