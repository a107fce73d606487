"""From verdicts to what is told of them. No element's value is in it: names and addresses stay in the sealed bytes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json

from order_intake.documents.ordering import Ordered, Refusal
from order_intake.edi import X12, Fault, GroupVerdict, Interchange, Level, MessageVerdict, Outcome, Syntax, Transmission, Verdict
from order_intake.interchange_schemas import Effect, FaultAt, InterchangeView, MessageView, PartyView, ReceivedView, RefusalAt
from order_intake.taken import Deed, Taken

FAULTS_SHOWN = 1000
"""Of one interchange; the acknowledgement has them all."""
OUTCOMES = {
    Outcome.ACCEPTED: "accepted",
    Outcome.NOTED: "noted",
    Outcome.PARTLY: "partly",
    Outcome.REFUSED: "refused",
}
_SAYS_DATA = frozenset({"out-of-order", "segment-tag", "hierarchy", "version-bad", "charset-unknown"})
MOST = 200
_MESSAGES = TypeAdapter(list[MessageView])


def plain(text: str, most: int = MOST) -> str:
    """Text of the interchange's envelope as it can be stored and shown."""
    return text[:most] if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text[:most])


def fault_at(fault: Fault, syntax: Syntax) -> FaultAt:
    tells = fault.rule.level not in (Level.SEGMENT, Level.ELEMENT) and fault.rule.name not in _SAYS_DATA
    place = f" ({fault.tag}{fault.element:02})" if fault.element and _is_tag(fault.tag) else ""
    return FaultAt(
        rule=fault.rule.name,
        level=fault.rule.level,
        weight=fault.weight,
        code=fault.rule.x12 if syntax is X12 else fault.rule.edifact,
        segment=fault.tag if _is_tag(fault.tag) else "",
        position=fault.position,
        element=fault.element,
        component=fault.component,
        offset=fault.offset,
        text=plain(fault.text if tells else f"{fault.rule.sentence}{place}."),
    )


def _is_tag(tag: str) -> bool:
    return 0 < len(tag) <= 3 and tag.isascii() and tag.isalnum()


def faults_at(faults: Iterable[Fault], syntax: Syntax, most: int = FAULTS_SHOWN) -> list[FaultAt]:
    return [fault_at(fault, syntax) for fault in islice(faults, most)]


def envelope_faults(verdict: Verdict) -> list[FaultAt]:
    found = [*verdict.interchange.faults, *(fault for group in verdict.groups for fault in group.group.faults)]
    return faults_at(found, verdict.interchange.syntax)


def messages_of(verdict: Verdict) -> Iterator[tuple[MessageVerdict, str, list[FaultAt]]]:
    """Each with its outcome, which is no better than that of what holds it, and the faults that are shown of it."""
    left = FAULTS_SHOWN
    for group in verdict.groups:
        refused = _is_refused(verdict, group)
        for message in group.messages:
            faults = faults_at(message.faults, verdict.interchange.syntax, left)
            left -= len(faults)
            yield message, OUTCOMES[Outcome.REFUSED if refused else message.outcome], faults


def _is_refused(verdict: Verdict, group: GroupVerdict) -> bool:
    """A group whose messages are all refused is refused as well, and they have said why."""
    return Outcome.REFUSED in (verdict.outcome, group.outcome)


def outcome_of(verdict: Verdict) -> str:
    """Of the whole interchange: refused where nothing of it is taken, partly where something is not."""
    outcomes = [outcome for _, outcome, _ in messages_of(verdict)]
    if verdict.outcome is Outcome.REFUSED or (outcomes and set(outcomes) == {"refused"}):
        return "refused"
    if "refused" in outcomes:
        return "partly"
    return "noted" if "noted" in outcomes or verdict.outcome is Outcome.NOTED else "accepted"


def parties(interchange: Interchange) -> tuple[PartyView, PartyView]:
    sender, receiver = interchange.sender, interchange.receiver
    return (
        PartyView(identifier=plain(sender.identifier), qualifier=plain(sender.qualifier)),
        PartyView(identifier=plain(receiver.identifier), qualifier=plain(receiver.qualifier)),
    )


def control_of(interchange: Interchange) -> str:
    """As a number where it is one: ISA13 with or without its zeros is the same."""
    said = plain(interchange.reference, 35)
    return (said.lstrip("0") or "0") if said.isascii() and said.isdigit() and interchange.syntax is X12 else said


NOTHING = Deed(Effect.NONE)


def view_of(taken: Taken, received_at: datetime) -> InterchangeView:
    """As it is answered and, without what is in the columns, stored."""
    if taken.row is not None:
        return stored_view(dict(taken.row)).model_copy(update={"repeated": True})
    arrival, verdict = taken.arrival, taken.arrival.verdict
    sender, receiver = parties(arrival.interchange)
    return InterchangeView(
        interchange_id=taken.interchange_id,
        partner=arrival.partner.code if arrival.partner else None,
        syntax=arrival.interchange.syntax.name,
        sender=sender,
        receiver=receiver,
        control=control_of(arrival.interchange),
        is_test=arrival.interchange.is_test,
        received_at=received_at if taken.interchange_id else None,
        outcome=outcome_of(verdict),
        acknowledgement=_link_of(taken),
        faults=envelope_faults(verdict),
        messages=messages_view(taken) if taken.messages is None else list(taken.messages),
    )


def acknowledged_view(view: InterchangeView, taken: Taken) -> InterchangeView:
    """The same, now that it is acknowledged."""
    return view.model_copy(update={"acknowledgement": _link_of(taken)})


def _link_of(taken: Taken) -> str | None:
    return _link(taken.interchange_id) if taken.acknowledgement and taken.interchange_id else None


def messages_view(taken: Taken) -> list[MessageView]:
    return _MESSAGES.validate_python(list(_described(taken)))


def _described(taken: Taken) -> Iterator[dict[str, object]]:
    """The fields of each view: to validate all of them at once takes half as long."""
    for place, (verdict, outcome, faults) in enumerate(messages_of(taken.arrival.verdict)):
        deed, ordered, message = taken.deeds.get(place, NOTHING), taken.arrival.asked.get(place), verdict.message
        yield {
            "position": place + 1,
            "type": plain(message.type, 20),
            "release": plain(message.release, 20),
            "reference": plain(message.reference, 40),
            "outcome": outcome,
            "document_number": plain(ordered.facts.number, 80) if ordered else None,
            "purpose": plain(ordered.document.purpose, 3) if ordered else None,
            "change_number": plain(ordered.document.own_number, 35) or None if ordered else None,
            "effect": deed.effect,
            "order_id": deed.order_id,
            "order": f"/orders/{deed.order_id}" if deed.order_id else None,
            "refusals": [_refusal(each, ordered) for each in deed.refusals] if ordered else [],
            "faults": faults,
        }


def _refusal(refusal: Refusal, ordered: Ordered) -> RefusalAt:
    line = plain(ordered.facts.line(refusal.line_no).number, 20) or str(refusal.line_no) if refusal.line_no else ""
    return RefusalAt(line=line, reason=refusal.reason, text=plain(refusal.text))


def _link(interchange_id: object) -> str:
    return f"/edi/interchanges/{interchange_id}/acknowledgement"


def verdict_json(view: InterchangeView) -> str:
    return view.model_dump_json(include={"faults", "messages"}, exclude_defaults=True)


def stored_view(row: Mapping[str, Any]) -> InterchangeView:
    """From the columns and the verdict."""
    said = row["verdict"]
    verdict = from_json(said) if isinstance(said, str) else said
    names = ("interchange_id", "partner", "syntax", "control", "is_test", "received_at", "outcome")
    return InterchangeView(
        **{name: row[name] for name in names},
        sender=PartyView(identifier=row["sender"], qualifier=row["sender_qualifier"]),
        receiver=PartyView(identifier=row["receiver"], qualifier=row["receiver_qualifier"]),
        acknowledgement=_link(row["interchange_id"]) if row["acknowledgement"] not in (None, False) else None,
        **verdict,
    )


def received_view(transmission: Transmission, taken: Sequence[Taken], now: datetime) -> ReceivedView:
    """What stands twice in the body is told as what it repeats."""
    views = [each.view or view_of(each, now) for each in taken]
    for index, each in enumerate(taken):
        if each.same_as is not None:
            views[index] = views[each.same_as].model_copy(update={"repeated": True})
    return ReceivedView(interchanges=views, faults=faults_at(transmission.faults, X12))
