"""Every KPI, by its name. A formula stands in its definition and nowhere else: it serves values, groups and evidence alike."""

from collections.abc import Mapping

from kpi.definitions.availability import LINE_FILL_RATE, ORDER_FILL_RATE, STOCKOUT_FREQUENCY, UNIT_FILL_RATE
from kpi.definitions.cases import RESOLVED_48H_RATE
from kpi.definitions.delivery import (
    COMPLAINT_FREE_RATE,
    DAMAGE_RATE,
    DELIVERY_ACCURACY_RATE,
    ON_TIME_DELIVERY_RATE,
    PERFECT_ORDER_RATE,
)
from kpi.definitions.kpi import Better, Counts, Kpi, Unit, Words
from kpi.definitions.lead_time import ORDER_LEAD_TIME, SEGMENTS, STAMPS

KPIS: Mapping[str, Kpi] = {
    kpi.name: kpi
    for kpi in (
        ON_TIME_DELIVERY_RATE,
        COMPLAINT_FREE_RATE,
        DAMAGE_RATE,
        DELIVERY_ACCURACY_RATE,
        UNIT_FILL_RATE,
        LINE_FILL_RATE,
        ORDER_FILL_RATE,
        STOCKOUT_FREQUENCY,
        PERFECT_ORDER_RATE,
        ORDER_LEAD_TIME,
        RESOLVED_48H_RATE,
    )
}

__all__ = ["KPIS", "SEGMENTS", "STAMPS", "Better", "Counts", "Kpi", "Unit", "Words"]
