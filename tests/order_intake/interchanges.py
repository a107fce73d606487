"""Interchanges as partners send them, in both syntaxes."""

from collections.abc import Sequence

from tests.order_intake.partners import OURS

Line = tuple[str, int]
ADDRESS = "N1*ST*DC EAST*9*0012345678905~N3*1 DOCK RD~N4*RENO*NV*89502*US"


def x12(sender: str, *sets: Sequence[str], control: int = 1, group: str = "PO", usage: str = "P", us: str = OURS["X12"][1]) -> bytes:
    """An interchange of one group; `sets` are rows that begin with the set's type."""
    heads = [
        f"ISA*00*          *00*          *ZZ*{sender:15}*ZZ*{us:15}*260115*0930*U*00401*{control:09}*0*{usage}*>",
        f"GS*{group}*{sender}*{us}*20260115*0930*1*X*004010",
    ]
    rows = [row for number, each in enumerate(sets, 1) for row in _set(number, *each)]
    return "~".join([*heads, *rows, f"GE*{len(sets)}*1", f"IEA*1*{control:09}", ""]).encode()


def _set(number: int, kind: str, *rows: str) -> list[str]:
    body = [row for each in rows for row in each.split("~")]
    return [f"ST*{kind}*{number:04}", *body, f"SE*{len(body) + 2}*{number:04}"]


def an_850(number: str, lines: Sequence[Line] = (("SKU-1", 12),), *, purpose: str = "00", address: str = ADDRESS) -> list[str]:
    rows = [f"PO1*{n}*{quantity}*EA*4.50**VN*{sku}" for n, (sku, quantity) in enumerate(lines, 1)]
    return ["850", f"BEG*{purpose}*SA*{number}**20260115", "DTM*002*20261224", *([address] if address else []), *rows, f"CTT*{len(lines)}"]


def a_940(number: str, lines: Sequence[Line] = (("SKU-1", 12),), *, status: str = "N") -> list[str]:
    rows = [row for n, (sku, quantity) in enumerate(lines, 1) for row in (f"LX*{n}", f"W01*{quantity}*EA**VN*{sku}")]
    return ["940", f"W05*{status}*{number}*PO-77", ADDRESS, "G62*10*20261220", "W66*PP*M", *rows, f"W76*{sum(q for _, q in lines)}"]


def an_860(number: str, *rows: str, purpose: str = "01", change: str = "") -> list[str]:
    return ["860", f"BCH*{purpose}*SA*{number}**{change}*20260116", *rows]


def edifact(sender: str, *messages: Sequence[str], control: str = "ICR1", test: bool = False) -> bytes:
    head = f"UNB+UNOC:3+{sender}:14+{OURS['EDIFACT'][1]}:14+260115:0930+{control}" + ("++++++1" if test else "")
    rows = [row for number, each in enumerate(messages, 1) for row in _message(number, *each)]
    return ("UNA:+.? '" + "'".join([head, *rows, f"UNZ+{len(messages)}+{control}"]) + "'").encode()


def _message(number: int, kind: str, *rows: str) -> list[str]:
    return [f"UNH+{number}+{kind}", *rows, f"UNT+{len(rows) + 2}+{number}"]


def an_orders(number: str, lines: Sequence[Line] = (("SKU-1", 12),), *, function: str = "9") -> list[str]:
    rows = [row for n, (sku, quantity) in enumerate(lines, 1) for row in (f"LIN+{n}++{sku}:SA", f"QTY+21:{quantity}:PCE")]
    place = "NAD+DP+1234567890135::9++DC EAST+1 DOCK RD+RENO+NV+89502+US"
    head = ["ORDERS:D:96A:UN:EAN008", f"BGM+220+{number}+{function}", "DTM+137:20260115:102", "DTM+2:20261224:102"]
    return [*head, "NAD+BY+1234567890128::9", "NAD+SU+4012345000009::9", place, *rows, "UNS+S", f"CNT+2:{len(lines)}"]


def an_ordchg(number: str, *rows: str, function: str = "1", change: str = "CHG-1") -> list[str]:
    head = ["ORDCHG:D:96A:UN:EAN005", f"BGM+230+{change}+{function}", "DTM+137:20260116:102", f"RFF+ON:{number}"]
    return [*head, "NAD+BY+1234567890128::9", *rows, "UNS+S"]
