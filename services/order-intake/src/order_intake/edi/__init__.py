"""EDI without a database, a network or a clock: X12 and EDIFACT on one core, standard library only.

transmission = read(body)                       # bytes to a tree, with every fault of the envelopes; never an exception
interchange = transmission.interchanges[0]
message = interchange.messages[0]               # .type "850", .release "004010", .segments
message.first("BEG").value(3)                   # the purchase order number
write(Cover(X12, sender, receiver, "17", now), [Draft("855", "004010", "0001", [("BAK", "00", "AD", ...)])])
"""

from order_intake.edi.delimiters import EDIFACT_USUAL, X12_USUAL, X12_USUAL_5010, Delimiters
from order_intake.edi.faults import RULES, Fault, Level, Rule, Weight
from order_intake.edi.interchange import Group, Interchange, Message, Party, Transmission
from order_intake.edi.limits import LIMITS, Limits
from order_intake.edi.outgoing import Cover, Draft, write
from order_intake.edi.reading import read
from order_intake.edi.segment import Segment
from order_intake.edi.syntax import EDIFACT, X12, Syntax
from order_intake.edi.writer import Repeated, Unwritable, Writer, rewritten

__all__ = [
    "EDIFACT",
    "EDIFACT_USUAL",
    "LIMITS",
    "RULES",
    "X12",
    "X12_USUAL",
    "X12_USUAL_5010",
    "Cover",
    "Delimiters",
    "Draft",
    "Fault",
    "Group",
    "Interchange",
    "Level",
    "Limits",
    "Message",
    "Party",
    "Repeated",
    "Rule",
    "Segment",
    "Syntax",
    "Transmission",
    "Unwritable",
    "Weight",
    "Writer",
    "read",
    "rewritten",
    "write",
]
