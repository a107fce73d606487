"""Why a delivery failed, by whose fault it was. Pure."""

from enum import StrEnum


class Reason(StrEnum):
    """The closed list that events carry; the driver's own words stay here."""

    CARRIER_ADDRESS_NOT_FOUND = "carrier_address_not_found"
    CARRIER_DAMAGED = "carrier_damaged"
    CARRIER_LOST = "carrier_lost"
    CARRIER_MISSORTED = "carrier_missorted"
    CARRIER_OUT_OF_TIME = "carrier_out_of_time"
    CARRIER_VEHICLE = "carrier_vehicle"
    CONSIGNEE_ABSENT = "consignee_absent"
    CONSIGNEE_ACCESS = "consignee_access"
    CONSIGNEE_ADDRESS_WRONG = "consignee_address_wrong"
    CONSIGNEE_CLOSED = "consignee_closed"
    CONSIGNEE_POSTPONED = "consignee_postponed"
    CONSIGNEE_REFUSED = "consignee_refused"
    CUSTOMS_DELAY = "customs_delay"
    CUSTOMS_DOCUMENTS = "customs_documents"
    CUSTOMS_DUTIES = "customs_duties"
    WEATHER = "weather"
    NATURAL_DISASTER = "natural_disaster"
    SUPPLIER_DOCUMENTS = "supplier_documents"
    SUPPLIER_LATE = "supplier_late"
    OURS_DOCUMENTS = "ours_documents"
    OURS_LATE = "ours_late"
    OURS_WRONG_GOODS = "ours_wrong_goods"
    OTHER = "other"


def reason_of(words: str) -> Reason:
    """The code that these words are, else `other`."""
    try:
        return Reason(words.strip().lower())
    except ValueError:
        return Reason.OTHER


def is_code(words: str) -> bool:
    return words in CODES


CODES = frozenset(Reason)
