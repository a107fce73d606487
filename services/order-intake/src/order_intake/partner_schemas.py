"""The body of `PUT /partners/{code}` and what is read of a partner."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from shared.bodies import Body, Code, Flag, Quantity
from shared.events import ServiceLevel
from shared.pages import Paging

from order_intake.edi import LIMITS, RULES, Weight, Wish
from order_intake.partners import DAY_SECONDS, Document
from order_intake.schemas import Address, Country

SyntaxName = Literal["X12", "EDIFACT"]
WIDTHS = {"X12": (15, 2), "EDIFACT": (35, 4)}
MOST_CODES = 10_000


def _plain(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise ValueError("must be printable, without a blank at either end")
    return text


def _one_character(text: str) -> str:
    if len(text) != 1 or not text.isascii() or text.isalnum() or text == " ":
        raise ValueError("must be one character of ASCII that is no letter, digit or space")
    return text


def _weight_names(weights: dict[str, Weight]) -> dict[str, Weight]:
    if unknown := sorted(weights.keys() - RULES.keys()):
        raise ValueError(f"{unknown[0][:40]} is not the name of a rule")
    return weights


Identity = Annotated[str, AfterValidator(_plain), Field(max_length=35)]
Qualifier = Annotated[str, AfterValidator(_plain), Field(max_length=4)]
DocumentName = Annotated[str, Field(pattern=r"^[A-Z0-9]{3,6}$")]
Release = Annotated[str, Field(pattern=r"^[A-Z0-9:]{4,20}$")]
Unit = Annotated[str, Field(min_length=1, max_length=3)]
Mark = Annotated[str, AfterValidator(_one_character)]


class Identifier(Body):
    """ISA05-06 and ISA07-08, UNB S002 and S003. Without blanks at the end."""

    syntax: SyntaxName
    qualifier: Qualifier = ""
    identifier: Annotated[Identity, Field(min_length=1)]

    @model_validator(mode="after")
    def fits(self) -> Self:
        width, qualifier = WIDTHS[self.syntax]
        if len(self.identifier) > width or len(self.qualifier) > qualifier or (self.syntax == "X12" and len(self.qualifier) != 2):
            raise ValueError("does not fit into the envelope of its syntax")
        return self


class Separators(Body):
    """Of what we write. `release` and `decimal` are EDIFACT's; `line_ends` puts a line break behind each segment."""

    element: Mark
    component: Mark
    segment: Mark
    repetition: Mark | None = None
    release: Mark | None = None
    line_ends: Flag = False

    @model_validator(mode="after")
    def differ(self) -> Self:
        marks = [each for each in (self.element, self.component, self.segment, self.repetition, self.release) if each]
        if len(set(marks)) < len(marks):
            raise ValueError("no two may be the same")
        return self


class AcknowledgementWishes(Body):
    """`within_hours`: how long the partner may take to acknowledge what we send."""

    functional: Literal["997", "999"] = "997"
    ta1: Wish = Wish.ASKED
    contrl: Wish = Wish.ALWAYS
    within_hours: Annotated[int, Field(strict=True, ge=1, le=720)] = DAY_SECONDS // 3600


class PartnerLimits(Body):
    """What we take of this partner at most; never more than of anybody."""

    messages: Annotated[int, Field(strict=True, ge=1, le=LIMITS.messages)] = LIMITS.messages
    groups: Annotated[int, Field(strict=True, ge=1, le=LIMITS.groups)] = LIMITS.groups
    segments_per_message: Annotated[int, Field(strict=True, ge=1, le=LIMITS.segments_per_message)] = LIMITS.segments_per_message
    elements: Annotated[int, Field(strict=True, ge=1, le=LIMITS.elements)] = LIMITS.elements
    element_bytes: Annotated[int, Field(strict=True, ge=1, le=LIMITS.element_bytes)] = LIMITS.element_bytes


class RepeatPolicy(Body):
    """What becomes of a document whose number was there before, and for how long a control number is remembered."""

    documents: Literal["refuse", "ignore"] = "refuse"
    remembered_days: Annotated[int, Field(strict=True, ge=90, le=3650)] = 365


class ItemTranslation(Body):
    """`qualifier` says whose code it is: UP, EN, UK, VN, SK, BP, IN in X12; EN, UP, SA, IN, BP, SRV in EDIFACT."""

    qualifier: Annotated[str, AfterValidator(_plain), Field(min_length=1, max_length=3)]
    code: Annotated[str, AfterValidator(_plain), Field(min_length=1, max_length=48)]
    sku: Code


class PartnerBody(Body):
    """A trading partner: it stands for one customer, and for that one as long as it exists."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "ACME",
                    "identifiers": [{"syntax": "X12", "qualifier": "ZZ", "identifier": "ACMECORP"}],
                    "our_identifiers": [{"syntax": "X12", "qualifier": "ZZ", "identifier": "THREEPL"}],
                    "documents": ["order_response", "shipping_advice"],
                    "items": [{"qualifier": "UP", "code": "012345678905", "sku": "TEA-500"}],
                    "units": {"CA": 12},
                    "country": "US",
                }
            ]
        }
    )

    customer_id: Code
    syntax: SyntaxName = "X12"
    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=20)]
    our_identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=20)]
    our_application: Annotated[Identity, Field(max_length=15)] = ""
    their_application: Annotated[Identity, Field(max_length=15)] = ""
    releases: Annotated[dict[DocumentName, Release], Field(default_factory=dict, max_length=40)]
    separators: Separators | None = None
    charset: Literal["UNOA", "UNOB", "UNOC", "UNOD", "UNOE", "UNOF", "UNOY"] = "UNOC"
    lines_end_segments: Flag = False
    acknowledgements: AcknowledgementWishes = AcknowledgementWishes()
    documents: Annotated[list[Document], Field(default_factory=list, max_length=len(Document))]
    strictness: Literal["usual", "strict", "tolerant"] = "usual"
    weights: Annotated[dict[str, Weight], AfterValidator(_weight_names), Field(default_factory=dict)]
    limits: PartnerLimits = PartnerLimits()
    takes_tests: Flag = False
    repeats: RepeatPolicy = RepeatPolicy()
    items: Annotated[list[ItemTranslation], Field(default_factory=list, max_length=MOST_CODES)]
    units: Annotated[dict[Unit, Quantity], Field(default_factory=dict, max_length=200)]
    locations: Annotated[dict[Code, Address], Field(default_factory=dict, max_length=2000)]
    country: Country | None = None
    service_level: ServiceLevel = ServiceLevel.STANDARD
    allow_partial: Flag = False

    @model_validator(mode="after")
    def agree(self) -> Self:
        theirs, ours = ({each.syntax for each in many} for many in (self.identifiers, self.our_identifiers))
        if theirs != ours or self.syntax not in theirs:
            raise ValueError("identifiers and our_identifiers are needed for the same syntaxes, and for the one that we write")
        if len({(each.qualifier, each.code) for each in self.items}) < len(self.items):
            raise ValueError("an item code stands twice")
        return self


class PartnerView(PartnerBody):
    """As it was put."""

    code: Code


class PartnerFilters(Paging):
    after: Code | None = None
    customer_id: Code | None = None
