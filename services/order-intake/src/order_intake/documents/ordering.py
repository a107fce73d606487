"""From a partner's document to an order of ours, or to the reasons why not. The partner's words are translated here."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from order_intake.documents.facts import Item, PartnerLine, PartnerOrder
from order_intake.documents.incoming import Action, AskedLine, Consignee, IncomingDocument, remembered
from order_intake.documents.order_responses import LineReason
from order_intake.partners import Partner, keys_of_item
from order_intake.schemas import Address, NewLine, NewOrder, RequestedDelivery

B = TypeVar("B", bound=BaseModel)
Described = dict[str, object]
"""The fields of a body, not validated."""
OWN_SKUS = ("VN", "SK", "SA", "SU", "MF")
"""Qualifiers of codes that are the seller's own words for its goods: skus, where nothing translates them."""
BUYERS = ("BP", "IN", "PI", "BO")
ORDER_OF_CODES = (*OWN_SKUS, *BUYERS, "UK", "EN", "UP", "SRV", "UA", "UI", "EO")
SINGLE = frozenset({"", "EA", "PCE", "PC", "C62", "UN", "EU", "H87", "NAR"})
MOST_UNITS = 1_000_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document cannot be followed: `line_no` of ours, or 0 for all of it."""

    line_no: int
    reason: LineReason
    text: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """`new` is None where there are refusals, and where no order is to be placed. `quantities` are in our units, 0 where they cannot be
    told, by line_no."""

    document: IncomingDocument
    facts: PartnerOrder
    new: NewOrder | None
    quantities: dict[int, int]
    refusals: tuple[Refusal, ...] = ()


class Line(NamedTuple):
    """A line in the partner's words, and as ours. `new` is only described where it is not possible: then the order says what is wrong."""

    words: PartnerLine
    quantity: int
    refusal: Refusal | None
    new: NewLine | Described


class Translator:
    """Translates the documents of one partner; lines, consignees and days that were met before are not worked out again."""

    def __init__(self, partner: Partner, zone: ZoneInfo) -> None:
        self._partner, self._zone = partner, zone
        self._lines: dict[tuple[int, AskedLine], Line] = {}
        self._addresses: dict[Consignee | None, Address | Described | str] = {}
        self._windows: dict[tuple[str, str], RequestedDelivery | Described] = {}

    def ordered(self, document: IncomingDocument) -> Ordered:
        lines = [self._line(line_no, line) for line_no, line in enumerate(document.lines, 1)]
        facts = facts_of(document, tuple([line.words for line in lines]))
        quantities = {line.words.line_no: line.quantity for line in lines}
        refusals = [line.refusal for line in lines if line.refusal]
        if document.action is not Action.PLACE:
            return Ordered(document, facts, None, quantities, tuple(refusals) if document.is_whole else ())
        address = self._address(document.consignee)
        if isinstance(address, str):
            refusals.insert(0, Refusal(0, LineReason.OTHER, address))
        if refusals:
            return Ordered(document, facts, None, quantities, tuple(refusals))
        try:
            return Ordered(document, facts, self._new(document, address, [line.new for line in lines]), quantities)
        except ValidationError as wrong:
            return Ordered(document, facts, None, quantities, tuple(_refusals(wrong)))

    def _new(self, document: IncomingDocument, address: object, lines: list[NewLine | Described]) -> NewOrder:
        """Raises ValidationError."""
        body = {
            "customer_id": self._partner.customer_id,
            "customer_reference": document.number,
            "ship_to": address,
            "service_level": self._partner.service_level,
            "allow_partial": self._partner.allow_partial,
            "requested_delivery": self._window(document),
            "lines": lines,
        }
        return NewOrder.model_validate(body)

    def _line(self, line_no: int, line: AskedLine) -> Line:
        found = self._lines.get((line_no, line))
        if found is None:
            sku, quantity, refusal = translated(line_no, line, self._partner)
            new = _if_possible(NewLine, {"sku": sku, "quantity": quantity, "line_no": line_no})
            found = remembered(self._lines, (line_no, line), Line(words_of(line_no, line, self._partner), quantity, refusal, new))
        return found

    def _address(self, consignee: Consignee | None) -> Address | Described | str:
        found = self._addresses.get(consignee)
        if found is None:
            said = address_of(consignee, self._partner)
            found = remembered(self._addresses, consignee, _if_possible(Address, said) if isinstance(said, dict) else said)
        return found

    def _window(self, document: IncomingDocument) -> RequestedDelivery | Described:
        days = document.earliest_on, document.latest_on
        found = self._windows.get(days)
        if found is None:
            found = remembered(self._windows, days, _if_possible(RequestedDelivery, {**window_of(document, self._zone)}))
        return found


def _if_possible(kind: type[B], described: Described) -> B | Described:
    try:
        return kind.model_validate(described)
    except ValidationError:
        return described


def facts_of(document: IncomingDocument, lines: tuple[PartnerLine, ...]) -> PartnerOrder:
    return PartnerOrder(
        document.type, document.number, document.dated_on, document.purchase_order, document.link, document.master_reference,
        document.places, document.references, lines,
    )  # fmt: skip


def words_of(line_no: int, line: AskedLine, partner: Partner) -> PartnerLine:
    return PartnerLine(line_no, line.number, line.unit, factor_of(line.unit, partner) or 1, line.items, line.price)


def sku_of(items: tuple[Item, ...], partner: Partner) -> str:
    """The partner's table first; then the seller's own word, the buyer's, the GTIN, as they stand."""
    for item in items if partner.items else ():
        for key in keys_of_item(*item):
            if sku := partner.items.get(key):
                return sku
    if len(items) < 2:
        return items[0].value if items else ""
    by_qualifier = {item.qualifier: item.value for item in reversed(items)}
    return next((by_qualifier[each] for each in ORDER_OF_CODES if each in by_qualifier), items[0].value)


def translated(line_no: int, line: AskedLine, partner: Partner) -> tuple[str, int, Refusal | None]:
    """A line as our sku and quantity, 0 where it cannot be told."""
    sku, factor = sku_of(line.items, partner), factor_of(line.unit, partner)
    if factor is None:
        return sku, 0, Refusal(line_no, LineReason.UNIT, f"line {line_no}: the unit {line.unit[:3]} is not agreed")
    quantity = whole(line.quantity, factor)
    if quantity is None:
        return sku, 0, Refusal(line_no, LineReason.QUANTITY, f"line {line_no}: not a whole quantity from 1 to {MOST_UNITS}")
    if not sku:
        return sku, quantity, Refusal(line_no, LineReason.UNKNOWN_ITEM, f"line {line_no}: no item is named")
    return sku, quantity, None


def factor_of(unit: str, partner: Partner) -> int | None:
    return partner.units.get(unit) or (1 if unit in SINGLE else None)


def whole(text: str, factor: int) -> int | None:
    """12, 12.000 and 12,5 of a unit that holds two of ours; None where it is no whole number of ours."""
    whole, _, part = text.replace(",", ".").partition(".")
    if not (whole + part).isdigit() or not (whole + part).isascii() or len(whole + part) > 20:
        return None
    scaled, rest = divmod(int(whole + part) * factor, 10 ** len(part))
    return None if rest or not 1 <= scaled <= MOST_UNITS else scaled


def address_of(consignee: Consignee | None, partner: Partner) -> Described | Address | str:
    """A sentence where there is none."""
    if consignee is None:
        return "no ship-to is named"
    known = partner.locations.get(consignee.code) if consignee.code else None
    if not consignee.has_address:
        named = known and (known if known.code else known.model_copy(update={"code": consignee.code}))
        return named or "the ship-to has no address, and its code is not known"
    country = consignee.country or partner.country
    if country is None:
        return "the ship-to names no country"
    found: Described = {
        "name": consignee.name or (known.name if known else consignee.code),
        "street": consignee.street,
        "city": consignee.city,
        "postal_code": consignee.postal_code,
        "country": country,
    }
    return found | {name: value for name, value in (("code", consignee.code), ("phone", consignee.phone)) if value}


def window_of(document: IncomingDocument, zone: ZoneInfo) -> dict[str, datetime | None]:
    earliest, latest = _day(document.earliest_on), _day(document.latest_on)
    if earliest and latest and earliest > latest:
        earliest = None
    ends = datetime.combine(latest + timedelta(days=1), time(), zone) - timedelta(seconds=1) if latest else None
    return {"earliest": datetime.combine(earliest, time(), zone) if earliest else None, "latest": ends}


def _day(text: str) -> date | None:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8])) if len(text) == 8 and text.isascii() and text.isdigit() else None
    except ValueError:
        return None
    return day if day and 2000 < day.year < 2199 else None


REASONS = {"sku": LineReason.UNKNOWN_ITEM, "quantity": LineReason.QUANTITY}


def _refusals(wrong: ValidationError) -> list[Refusal]:
    found: list[Refusal] = []
    for each in wrong.errors(include_url=False, include_input=False, include_context=False)[:100]:
        place = [str(part) for part in each["loc"]]
        if place[:1] == ["lines"] and len(place) > 2:
            line_no = int(place[1]) + 1
            found.append(Refusal(line_no, REASONS.get(place[2], LineReason.OTHER), f"line {line_no}: {place[2]} is not possible"))
        else:
            found.append(Refusal(0, LineReason.OTHER, f"{' '.join(place[:2]) or 'the order'} is missing or not possible"))
    return found
