"""How long does it take, and where does the time go?"""

from kpi.definitions.kpi import Better, Counts, Kpi, Unit, Words

STAMPS = ("submitted_at", "received_at", "released_at", "handed_over_at", "delivered_at")
SEGMENTS = ("transmission", "processing", "preparation", "delivery")
"""The way of an order lies between neighbouring stamps, so the segments always add up to the whole."""


def _microseconds(since: str, until: str) -> str:
    return f"(EXTRACT(epoch FROM o.{until} - o.{since}) * 1000000)::bigint"


_WHOLE = _microseconds(STAMPS[0], STAMPS[-1])
_ALL_STAMPS = " AND ".join(f"o.{stamp} IS NOT NULL" for stamp in STAMPS)
_LEAD_TIME_FIGURES = {
    **{
        name: f"percentile_cont({share}) WITHIN GROUP (ORDER BY {_WHOLE})" for name, share in (("median", 0.5), ("p90", 0.9), ("p95", 0.95))
    },
    "segmented": f"count(*) FILTER (WHERE {_ALL_STAMPS})",
    **{
        name: f"(sum({_microseconds(since, until)}) FILTER (WHERE {_ALL_STAMPS}))::bigint"
        for name, since, until in zip(SEGMENTS, STAMPS, STAMPS[1:], strict=False)
    },
}

ORDER_LEAD_TIME = Kpi(
    name="order_lead_time",
    name_zh="订货提前期",
    question="How long does an order take from the customer's submission to its delivery, and where does the time go?",
    unit=Unit.MINUTES,
    better=Better.LOWER,
    counts=Counts.ORDERS,
    counted_at="o.delivered_at",
    counted="o.submitted_at IS NOT NULL",
    numerator=_WHOLE,
    figures=_LEAD_TIME_FIGURES,
    words=Words(
        numerator="microseconds from submitted to delivered, summed; the value is their mean in minutes. Segments: transmission (submitted"
        " to received), processing (to the last release), preparation (to the last handover), delivery; they add up to the whole exactly",
        denominator="orders delivered",
        counted_at="Delivery of the order",
        exclusions="none; an order that lacks a time stamp counts in the whole and not in the segments",
        source="S4: transmission, processing, preparation, delivery",
    ),
)
