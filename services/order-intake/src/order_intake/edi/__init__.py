"""EDI without a database, a network or a clock: X12 and EDIFACT on one core, standard library only.

transmission = read(body)                       # bytes to a tree, with every fault of the envelopes; never an exception
interchange = transmission.interchanges[0]
message = interchange.messages[0]               # .type "850", .release "004010", .segments
message.first("BEG").value(3)                   # the purchase order number
write(Cover(X12, sender, receiver, "17", now), [Draft("855", "004010", "0001", [("BAK", "00", "AD", ...)])])
"""

from order_intake.edi.acknowledging import Reply, Wish, enveloped, reply, reply_bytes, reply_cover
from order_intake.edi.answers import Answer, answers
from order_intake.edi.checking import STRICT, TOLERANT, USUAL, Profile, check
from order_intake.edi.delimiters import EDIFACT_LINES, EDIFACT_USUAL, X12_USUAL, X12_USUAL_5010, Delimiters
from order_intake.edi.directory import Directory, directory, releases, segment_name
from order_intake.edi.faults import RULES, Fault, Level, Rule, Weight
from order_intake.edi.interchange import Group, Interchange, Message, Party, Transmission
from order_intake.edi.limits import LIMITS, Limits
from order_intake.edi.loops import Content, Loop
from order_intake.edi.outgoing import Cover, Draft, write
from order_intake.edi.reading import read
from order_intake.edi.segment import Segment
from order_intake.edi.syntax import EDIFACT, X12, Syntax
from order_intake.edi.verdicts import GroupVerdict, MessageVerdict, Outcome, Verdict, judge
from order_intake.edi.writer import Repeated, Unwritable, Writer, rewritten

__all__ = [
    "EDIFACT",
    "EDIFACT_LINES",
    "EDIFACT_USUAL",
    "LIMITS",
    "RULES",
    "STRICT",
    "TOLERANT",
    "USUAL",
    "X12",
    "X12_USUAL",
    "X12_USUAL_5010",
    "Answer",
    "Content",
    "Cover",
    "Delimiters",
    "Directory",
    "Draft",
    "Fault",
    "Group",
    "GroupVerdict",
    "Interchange",
    "Level",
    "Limits",
    "Loop",
    "Message",
    "MessageVerdict",
    "Outcome",
    "Party",
    "Profile",
    "Repeated",
    "Reply",
    "Rule",
    "Segment",
    "Syntax",
    "Transmission",
    "Unwritable",
    "Verdict",
    "Weight",
    "Wish",
    "Writer",
    "answers",
    "check",
    "directory",
    "enveloped",
    "judge",
    "read",
    "releases",
    "reply",
    "reply_bytes",
    "reply_cover",
    "rewritten",
    "segment_name",
    "write",
]
