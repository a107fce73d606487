"""Interchanges written for these tests, and shorthands to make others."""

from pathlib import Path

from order_intake.edi import Transmission, read

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def isa(control: int = 1, version: str = "00401", repetition: str = "U") -> str:
    who = "ZZ*PARTNER        *ZZ*THREEPL        "
    return f"ISA*00*          *00*          *{who}*260115*0930*{repetition}*{version}*{control:09}*0*T*>~"


def x12(body: str, kind: str = "850", group: str = "PO", release: str = "004010") -> bytes:
    """An interchange of one group of one set; the trailer counts what is there."""
    count = body.count("~") + 2
    sets = f"ST*{kind}*0001~{body}SE*{count}*0001~"
    return f"{isa()}GS*{group}*PARTNER*THREEPL*20260115*0930*1*X*{release}~{sets}GE*1*1~IEA*1*000000001~".encode()


def edifact(body: str, kind: str = "ORDERS", release: str = "D:96A:UN:EAN008", charset: str = "UNOC") -> bytes:
    count = body.replace("?'", "").count("'") + 2
    head = f"UNA:+.? 'UNB+{charset}:3+1234567890128:14+4012345000009:14+260115:0930+ICR1'"
    return f"{head}UNH+1+{kind}:{release}'{body}UNT+{count}+1'UNZ+1+ICR1'".encode("latin-1")


def rules(transmission: Transmission) -> list[str]:
    return [fault.rule.name for fault in transmission.all_faults]


def faults_of(data: bytes) -> list[str]:
    return rules(read(data))
