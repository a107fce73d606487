"""Partners as they are stored, and from there as the decisions see them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from shared.database import Transaction

from order_intake.edi import EDIFACT, LIMITS, STRICT, TOLERANT, USUAL, X12, Delimiters, Party, Profile
from order_intake.partner_schemas import Identifier, PartnerBody
from order_intake.partners import Acknowledgements, Hand, ItemCode, Partner, Repeats, keys_of_item

PROFILES = {"usual": USUAL, "strict": STRICT, "tolerant": TOLERANT}
_REVISIONS = "SELECT code, revision FROM edi_partners WHERE code = ANY($1::text[])"
_SETTINGS = "SELECT code, revision, settings FROM edi_partners WHERE code = ANY($1::text[])"
_known: dict[str, tuple[int, Partner]] = {}


async def partners(tx: Transaction, codes: Collection[str]) -> dict[str, Partner]:
    """By their codes; one that does not exist, or is another customer's, is absent. What was read before is read again when it changed."""
    revisions = {row["code"]: row["revision"] for row in await tx.fetch(_REVISIONS, list(codes))}
    stale = [code for code, revision in revisions.items() if code not in _known or _known[code][0] != revision]
    for row in await tx.fetch(_SETTINGS, stale) if stale else ():
        _known[row["code"]] = row["revision"], partner_of(row["code"], PartnerBody.model_validate_json(row["settings"]))
    return {code: _known[code][1] for code in revisions}


def partner_of(code: str, body: PartnerBody) -> Partner:
    return Partner(
        code=code,
        customer_id=body.customer_id,
        syntax=X12 if body.syntax == X12.name else EDIFACT,
        theirs=_parties(body.identifiers),
        ours=_parties(body.our_identifiers),
        hand=_hand(body),
        lines_end_segments=body.lines_end_segments,
        acknowledgements=Acknowledgements(body.acknowledgements.functional, body.acknowledgements.ta1, body.acknowledgements.contrl),
        acknowledge_within=body.acknowledgements.within_hours * 3600,
        documents=frozenset(body.documents),
        profile=_profile(body),
        takes_tests=body.takes_tests,
        repeats=Repeats(body.repeats.documents == "ignore", body.repeats.remembered_days),
        items={key: each.sku for each in body.items for key in keys_of_item(each.qualifier, each.code)},
        codes=_codes((each.sku, (each.qualifier, each.code)) for each in body.items),
        units=body.units,
        locations=body.locations,
        country=body.country,
        service_level=body.service_level,
        allow_partial=body.allow_partial,
    )


def _parties(identifiers: Iterable[Identifier]) -> dict[str, tuple[Party, ...]]:
    found: dict[str, tuple[Party, ...]] = {}
    for each in identifiers:
        found[each.syntax] = (*found.get(each.syntax, ()), Party(each.identifier, each.qualifier))
    return found


def _hand(body: PartnerBody) -> Hand:
    marks = body.separators
    delimiters = Delimiters(marks.element, marks.component, marks.segment, marks.repetition, marks.release) if marks else None
    line_end = "\n" if marks and marks.line_ends else ""
    return Hand(body.our_application, body.their_application, body.releases, delimiters, line_end, body.charset)


def _profile(body: PartnerBody) -> Profile:
    usual = PROFILES[body.strictness]
    return Profile({**usual.weights, **body.weights}, replace(LIMITS, **body.limits.model_dump()))


def _codes(pairs: Iterable[tuple[str, ItemCode]]) -> Mapping[str, tuple[ItemCode, ...]]:
    found: dict[str, tuple[ItemCode, ...]] = {}
    for sku, code in pairs:
        found[sku] = (*found.get(sku, ()), code)
    return found
