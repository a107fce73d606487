"""Are complaints and feedback settled in time?"""

from datetime import timedelta
from decimal import Decimal

from kpi.definitions.kpi import Better, Counts, Kpi, Unit, Words

RESOLVED_48H_RATE = Kpi(
    name="resolved_48h_rate",
    name_zh="48小时内解决率",
    question="Of the complaints and feedback, how many were resolved within 48 hours?",
    unit=Unit.PERCENT,
    better=Better.HIGHER,
    counts=Counts.CASES,
    counted_at="c.received_at",
    counted_after=timedelta(hours=48),
    counted="c.kind IN ('complaint', 'feedback') AND (c.resolved_at IS NOT NULL OR c.received_at + interval '48 hours' <= :as_of)",
    numerator="COALESCE(c.resolved_at <= c.received_at + interval '48 hours', false)::int",
    target=Decimal(100),
    look_back=timedelta(days=7),
    words=Words(
        numerator="cases resolved at most 48 hours after they were received; the clock never pauses",
        denominator="cases of kind complaint or feedback whose 48 hours ended in the period; one still within them counts once it is"
        " resolved",
        counted_at="48 hours after the case was received",
        exclusions="none",
        source="S0 §3.5.2 states the rule; 100 % is nominal",
    ),
)
