"""Was what we promised delivered, and as promised? The KPIs of the contract."""

from datetime import timedelta
from decimal import Decimal

from kpi.definitions.kpi import CONTRACT, Better, Counts, Kpi, Unit, Words, not_withdrawn

_DUE = "(o.promised_latest <= :as_of OR COALESCE(o.delivered_at, o.cancelled_at, o.rejected_at) IS NOT NULL)"
"""The outcome is known: the promise has run out, or the order ended before."""
_ENDED_AT = "COALESCE(o.delivered_at, o.promised_latest)"

ON_TIME = "(COALESCE(o.delivered_at <= o.promised_latest, false) AND w.arrived)"
DOCUMENTED = "(o.deliveries > 0 AND o.signed_deliveries = o.deliveries AND o.handovers >= o.deliveries)"
_COMPLAINED = (
    "EXISTS (SELECT FROM case_facts x WHERE x.order_id = o.order_id AND x.kind = 'complaint'"
    f" AND x.received_at <= {_ENDED_AT} + interval '720 hours')"
)
_CANCELLED_BEFORE_DUE = "cancelled by the customer before the promised end; what we cancel or reject ourselves stays and fails"

ON_TIME_DELIVERY_RATE = Kpi(
    name="on_time_delivery_rate",
    name_zh="按时交货率",
    question="Of the orders that were due, how many had arrived completely by the promised time?",
    unit=Unit.PERCENT,
    better=Better.HIGHER,
    counts=Counts.WHOLE_ORDERS,
    counted_at="o.promised_latest",
    counted=f"{_DUE} AND {not_withdrawn('o.promised_latest')}",
    numerator=f"{ON_TIME}::int",
    target=Decimal(99),
    words=Words(
        numerator="orders of which every line arrived, the last no later than the end of the original promise (early is on time;"
        " a line that was lost as a whole never arrived)",
        denominator="confirmed orders whose original promise ended in the period; one that never arrives counts as late, one not due"
        " yet counts once its outcome is known; a window that the customer wished for before the old one had ended takes its place, one"
        " that we moved does not",
        counted_at="End of the original promise",
        exclusions=_CANCELLED_BEFORE_DUE,
        source=CONTRACT,
    ),
)

COMPLAINT_FREE_RATE = Kpi(
    name="complaint_free_rate",
    name_zh="客户无投诉率",
    question="Of the orders that arrived or should have, how many did nobody complain about?",
    unit=Unit.PERCENT,
    better=Better.HIGHER,
    counts=Counts.ORDERS,
    counted_at=_ENDED_AT,
    counted=f"(o.delivered_at IS NOT NULL OR o.promised_latest <= :as_of) AND {not_withdrawn('o.promised_latest')}",
    numerator=f"(NOT {_COMPLAINED})::int",
    target=Decimal(98),
    look_back=timedelta(days=30),
    words=Words(
        numerator="orders without a case of kind complaint that was received up to 30 days (720 hours) after the anchor, justified or not",
        denominator="orders delivered, or due and undelivered, in the period",
        counted_at="Delivery of the order, else the end of the original promise",
        exclusions="cancelled by the customer before the promised end",
        source=CONTRACT,
    ),
)

DAMAGE_RATE = Kpi(
    name="damage_rate",
    name_zh="破损率",
    question="Of the units that arrived, how many were damaged?",
    unit=Unit.PERCENT,
    better=Better.LOWER,
    counts=Counts.LINES,
    counted_at="l.delivered_at",
    counted="l.accepted + l.damaged > 0",
    numerator="l.damaged",
    denominator="l.accepted + l.damaged",
    target=Decimal("0.1"),
    look_back=timedelta(days=7),
    served_by="l",
    words=Words(
        numerator="units recorded as damaged on delivery (claims for hidden damage are not recorded yet)",
        denominator="units delivered: accepted + damaged",
        counted_at="Last delivery of the line",
        exclusions="none",
        source=CONTRACT,
    ),
)

DELIVERY_ACCURACY_RATE = Kpi(
    name="delivery_accuracy_rate",
    name_zh="配送准确率",
    question="Of the orders delivered, how many brought exactly what was advised?",
    unit=Unit.PERCENT,
    better=Better.HIGHER,
    counts=Counts.WHOLE_ORDERS,
    counted_at="o.delivered_at",
    counted="o.deliveries > 0",
    numerator="w.accurate::int",
    target=Decimal(98),
    look_back=timedelta(days=7),
    words=Words(
        numerator="orders of which every line has accepted + damaged = advised units, to the address of the advice",
        denominator="orders delivered",
        counted_at="Delivery of the order",
        exclusions="none; time, damage, documents and what was never shipped are other KPIs",
        source=CONTRACT,
    ),
)

PERFECT_ORDER_RATE = Kpi(
    name="perfect_order_rate",
    name_zh="完美订单率",
    question="Of the orders that were due, how many went right in every respect?",
    unit=Unit.PERCENT,
    better=Better.HIGHER,
    counts=Counts.WHOLE_ORDERS,
    counted_at="o.promised_latest",
    counted=f"{_DUE} AND {not_withdrawn('o.promised_latest')}",
    numerator=f"({ON_TIME} AND w.in_full AND w.undamaged AND w.accurate AND {DOCUMENTED})::int",
    target=Decimal(95),
    look_back=timedelta(days=7),
    words=Words(
        numerator="orders on time (as on_time_delivery_rate) and in full (every line: accepted + damaged >= ordered, as amended) and"
        " undamaged and accurate (as delivery_accuracy_rate) and with documents (every delivery was advised and signed for)",
        denominator="orders due, as on_time_delivery_rate",
        counted_at="End of the original promise",
        exclusions=_CANCELLED_BEFORE_DUE,
        source="S4: 95 %; joint estimator",
    ),
)
