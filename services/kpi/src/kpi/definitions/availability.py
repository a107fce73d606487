"""Could what was ordered be had at once? Counted at the first allocation."""

from kpi.definitions.kpi import Better, Counts, Kpi, Unit, Words, not_withdrawn

_DEMANDED = "COALESCE(l.first_demanded, l.ordered)"
_AVAILABLE = "COALESCE(l.first_available, l.ordered)"
_ALLOCATED = f"l.ordered > 0 AND {not_withdrawn('o.first_allocated_at')}"

_AT_FIRST_ALLOCATION = "The warehouses' first answer to the confirmed order; what is amended later changes nothing"
_CANCELLED_BEFORE_ALLOCATION = "cancelled by the customer before the first allocation"
_SOURCE = "S2 §3 availability; formula: first-time fill"

UNIT_FILL_RATE = Kpi(
    name="unit_fill_rate",
    name_zh="数量满足率",
    question="Of the units ordered, how many could be had at once?",
    unit=Unit.PERCENT,
    better=Better.HIGHER,
    counts=Counts.LINES,
    counted_at="o.first_allocated_at",
    counted=_ALLOCATED,
    numerator=_AVAILABLE,
    denominator=_DEMANDED,
    words=Words(
        numerator="units available then, also where an order that must not be split held none of them",
        denominator="units demanded",
        counted_at=_AT_FIRST_ALLOCATION,
        exclusions=_CANCELLED_BEFORE_ALLOCATION,
        source=_SOURCE,
    ),
)

LINE_FILL_RATE = Kpi(
    name="line_fill_rate",
    name_zh="订单行满足率",
    question="Of the lines ordered, how many could be filled completely at once?",
    unit=Unit.PERCENT,
    better=Better.HIGHER,
    counts=Counts.LINES,
    counted_at="o.first_allocated_at",
    counted=_ALLOCATED,
    numerator=f"({_AVAILABLE} >= {_DEMANDED})::int",
    words=Words(
        numerator="lines of which every unit was available then",
        denominator="lines demanded",
        counted_at=_AT_FIRST_ALLOCATION,
        exclusions=_CANCELLED_BEFORE_ALLOCATION,
        source=_SOURCE,
    ),
)

ORDER_FILL_RATE = Kpi(
    name="order_fill_rate",
    name_zh="订单满足率",
    question="Of the orders, how many could be filled completely at once?",
    unit=Unit.PERCENT,
    better=Better.HIGHER,
    counts=Counts.WHOLE_ORDERS,
    counted_at="o.first_allocated_at",
    counted=not_withdrawn("o.first_allocated_at"),
    numerator="w.filled::int",
    words=Words(
        numerator="orders of which every unit was available then, without substitute or backorder",
        denominator="orders allocated for the first time",
        counted_at=_AT_FIRST_ALLOCATION,
        exclusions=_CANCELLED_BEFORE_ALLOCATION,
        source=_SOURCE,
    ),
)

STOCKOUT_FREQUENCY = Kpi(
    name="stockout_frequency",
    name_zh="缺货频率",
    question="Of the lines ordered, how many met a shortage?",
    unit=Unit.PERCENT,
    better=Better.LOWER,
    counts=Counts.LINES,
    counted_at="o.first_allocated_at",
    counted=_ALLOCATED,
    numerator=f"({_AVAILABLE} < {_DEMANDED})::int",
    words=Words(
        numerator="lines of which not every unit was available then",
        denominator="lines demanded",
        counted_at=_AT_FIRST_ALLOCATION,
        exclusions=_CANCELLED_BEFORE_ALLOCATION,
        source=_SOURCE,
    ),
)
