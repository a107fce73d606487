"""How a corpus names a fault, and the rules by which we report it: any of them answers for the label.

Labels that we hold wrong, or that name a consequence:
- `GE02=4332~!=GS06=4332` and its like beside `ISA16-missing`: the trailing ~ is the terminator itself. Who sees that ISA16 is left out
  reads GE02 right; we report `component-separator-missing`, and refuse. The same holds for `IEA-unterminated` there, and for "too long" in
  the bodies of such files, which count the ~ (`WRONG_BODIES`).
- `duplicate-ISA13` has no counterpart for UNB in the labels: an EDIFACT file with one reference twice counts as clean. We report 0085 code
  26 as a remark, and leave it to the register of received interchanges to refuse the second.
- `bad-segment-id` names a segment that breaks the envelope's syntax; we report it in the message that holds it (AK3 code 1)."""

import re

LABELS = {
    "BOM": {"byte-order-mark"},
    "IEA-unterminated": {"terminator-missing", "component-separator-missing"},
    "UNZ-unterminated": {"terminator-missing"},
    "last-segment-unterminated": {"terminator-missing", "separators"},
    "ISA-not-fixed-width": {"header-width", "separators"},
    "ISA16-missing": {"component-separator-missing"},
    "ISA16-or-terminator-unreadable": {"separators"},
    "ISA-elements": {"separators", "header-incomplete"},
    "ISA-without-IEA": {"trailer-missing", "separators"},
    "odd-terminator": {"separators"},
    "IEA01": {"count-differs"},
    "IEA02": {"reference-differs", "component-separator-missing"},
    "IEA02-leading-zeros": {"leading-zeros"},
    "duplicate-ISA13": {"reference-repeated"},
    "GS-without-GE": {"group-trailer-missing"},
    "GE01": {"group-count-differs"},
    "GE02": {"group-reference-differs", "component-separator-missing"},
    "GE02-leading-zeros": {"group-leading-zeros"},
    "GS01": {"message-not-of-group"},
    "duplicate-GS06": {"group-reference-repeated"},
    "ST-outside-GS": {"group-header-missing", "out-of-order"},
    "ST-without-SE": {"message-trailer-missing"},
    "SE01": {"message-count-differs"},
    "SE02": {"message-reference-differs"},
    "SE02-leading-zeros": {"message-leading-zeros"},
    "duplicate-ST02": {"message-reference-repeated"},
    "segment-outside-ST": {"out-of-order"},
    "segment-outside-UNH": {"out-of-order"},
    "segment-outside-GS": {"out-of-order"},
    "bad-segment-id": {"segment-tag", "separators"},
    "bad-segment-tag": {"segment-tag"},
    "no-ISA": {"header-missing", "unreadable"},
    "no-UNB": {"header-missing", "unreadable"},
    "fragment-no-UNB": {"header-missing"},
    "no-transaction-set": {"no-message", "separators"},
    "no-message": {"no-message"},
    "UNB-too-short": {"header-incomplete"},
    "UNB-S004-short": {"header-incomplete"},
    "UNB-without-UNZ": {"trailer-missing"},
    "UNZ-short": {"trailer-incomplete"},
    "UNZ-count": {"count-differs"},
    "UNZ-ref": {"reference-differs"},
    "UNG-without-UNE": {"group-trailer-missing"},
    "UNE-count": {"group-count-differs"},
    "UNE-ref": {"group-reference-differs"},
    "UNH-short": {"message-header-incomplete"},
    "UNH-without-UNT": {"message-trailer-missing"},
    "UNT-short": {"message-trailer-incomplete"},
    "UNT-count": {"message-count-differs"},
    "UNT-ref": {"message-reference-differs"},
    "duplicate-UNH-ref": {"message-reference-repeated"},
}
WRONG_BODIES = {"ISA16-missing"}


def named(label: str) -> str:
    """The name in front of what a label quotes: `SE01=9-actual=8 x2` is SE01."""
    return re.split(r"[=:(]|-'| x\d", label, maxsplit=1)[0]
