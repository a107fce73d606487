"""What was found in a body, as plain data for JSON."""

from typing import TypedDict

from order_intake.edi.directory import DEFAULT_RELEASE, directory
from order_intake.edi.faults import Fault, Level, Weight
from order_intake.edi.interchange import Transmission
from order_intake.edi.verdicts import MessageVerdict, Outcome, judge

BODY = (Level.SEGMENT, Level.ELEMENT)


class MessageReport(TypedDict):
    """`body_accepted` is None where no directory of ours covers the message."""

    type: str
    release: str
    reference: str
    outcome: str
    accepted: bool
    envelope_accepted: bool
    body_accepted: bool | None


class Report(TypedDict):
    """`envelope_accepted`: no fault but remarks in any envelope of the file."""

    file: str
    envelope_accepted: bool
    messages: list[MessageReport]
    faults: list[dict[str, str | int]]


def report(file: str, transmission: Transmission) -> Report:
    verdicts = [judge(interchange) for interchange in transmission.interchanges]
    accepted = {id(message) for verdict in verdicts for message in verdict.accepted}
    faults = [*transmission.faults, *(fault for verdict in verdicts for fault in verdict.faults)]
    return Report(
        file=file,
        envelope_accepted=transmission.accepted,
        messages=[_message(each, handed_on=id(each.message) in accepted) for verdict in verdicts for each in verdict.messages],
        faults=[fault.as_dict() for fault in faults],
    )


def _message(verdict: MessageVerdict, *, handed_on: bool) -> MessageReport:
    message = verdict.message
    known = directory(message.type, message.release or DEFAULT_RELEASE) is not None
    serious = [fault for fault in verdict.faults if fault.weight is Weight.REFUSAL]
    return MessageReport(
        type=message.type,
        release=message.release,
        reference=message.reference,
        outcome=verdict.outcome.value,
        accepted=handed_on and verdict.outcome is not Outcome.REFUSED,
        envelope_accepted=not any(fault.weight is not Weight.REMARK for fault in message.faults),
        body_accepted=not any(map(_of_body, serious)) if known else None,
    )


def _of_body(fault: Fault) -> bool:
    return fault.rule.level in BODY
