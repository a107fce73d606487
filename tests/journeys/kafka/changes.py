"""An order that lies allocated until its far window comes near: its partner changes it, lines first, then the window."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.journeys.house import House, until
from tests.journeys.kafka.trading import Trade
from tests.order_intake.interchanges import ADDRESS, an_860, an_ordchg, edifact, x12

NUMBER = "LATER-1"
FAR = "21500601"
PLACE = "NAD+DP+1234567890135::9++DC EAST+1 DOCK RD+RENO+NV+89502+US"


def messages(syntax: str, soon: str) -> list[Sequence[str]]:
    """The order, two seeds; four of them and three corns; now."""
    if syntax == "X12":
        order = ["850", f"BEG*00*SA*{NUMBER}**20260115", f"DTM*002*{FAR}", ADDRESS, "PO1*10*2*EA*1.50**VN*SEED", "CTT*1"]
        lines = ["POC*10*QI*4**EA*1.50**VN*SEED", "POC*20*AI*3**EA*2.00**VN*CORN", "CTT*2"]
        return [order, *(an_860(NUMBER, *rows, purpose="04", change=no) for no, rows in (("1", lines), ("2", [f"DTM*063*{soon}"])))]
    head = ["ORDERS:D:96A:UN:EAN008", f"BGM+220+{NUMBER}+9", "DTM+137:20260115:102", f"DTM+2:{FAR}:102", "NAD+BY+1234567890128::9"]
    order = [*head, PLACE, "LIN+10++SEED:SA", "QTY+21:2:PCE", "UNS+S", "CNT+2:1"]
    lines = ["LIN+10+3+SEED:SA", "QTY+21:4:PCE", "LIN+20+1+CORN:SA", "QTY+21:3:PCE"]
    later = an_ordchg(NUMBER, function="4", change="CHG-2")
    later.insert(3, f"DTM+63:{soon}:102")
    return [order, an_ordchg(NUMBER, *lines, function="4"), later]


async def change_of_mind(trade: Trade, customer_id: str, syntax: str) -> None:
    """Each as soon as the one before is allocated."""
    soon = f"{datetime.now(UTC) + timedelta(days=2):%Y%m%d}"
    for control, message in enumerate(messages(syntax, soon), 700):
        if control > 700:
            await _allocated(trade.house, customer_id, lines=control - 700)
        group = "PO" if message[0] == "850" else "PC"
        body = x12(trade.partner, message, control=control, group=group) if syntax == "X12" else _edifact(trade, message, control)
        assert await trade.give(body)


def _edifact(trade: Trade, message: Sequence[str], control: int) -> bytes:
    return edifact(trade.partner, message, control=str(control)).replace(b":14+", b":ZZ+")


async def _allocated(house: House, customer_id: str, *, lines: int) -> None:
    async def it_is() -> bool:
        [order] = (await house.get("order-intake", "/orders", customer_reference=NUMBER, customer_id=customer_id))["items"]
        return bool(order["status"] == "allocated" and order["open_amendment"] is None and len(order["lines"]) == lines)

    await until(it_is)
