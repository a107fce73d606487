"""An interchange of a thousand orders beside a thousand single calls, turn by turn: received, acknowledged, placed."""

from collections.abc import Awaitable, Callable
from statistics import median

import httpx
from pydantic_core import from_json

from tests.bench.generator import LINES, ask

ORDERS, ROUNDS = 1000, 9
SENDER, US = "BENCHPARTNER", "THREEPL"
ADDRESS = "N1*ST*DC EAST*92*STORE-12~N3*88 CENTURY AVENUE~N4*SHANGHAI**200120*CN"


def partner(customer: str) -> dict[str, object]:
    theirs, ours = ({"syntax": "X12", "qualifier": "ZZ", "identifier": name} for name in (SENDER, US))
    return {"customer_id": customer, "identifiers": [theirs], "our_identifiers": [ours]}


def interchange(prefix: str, skus: int, control: int, orders: int = ORDERS) -> bytes:
    """850s with as many lines as the single calls have."""
    head = f"ISA*00*          *00*          *ZZ*{SENDER:15}*ZZ*{US:15}*260115*0930*U*00401*{control:09}*0*P*>"
    rows = [head, f"GS*PO*{SENDER}*{US}*20260115*0930*{control}*X*004010"]
    for n in range(orders):
        lines = [f"PO1*{k + 1}*{k + 1}*EA***VN*SKU-{(n * LINES + k) % skus}" for k in range(LINES)]
        body = [f"BEG*00*SA*{prefix}-{n}**20260115", *ADDRESS.split("~"), *lines, f"CTT*{LINES}"]
        rows += [f"ST*850*{n + 1:04}", *body, f"SE*{len(body) + 2}*{n + 1:04}"]
    return "~".join([*rows, f"GE*{orders}*{control}", f"IEA*1*{control:09}", ""]).encode()


async def measure(
    port: int, key: str, customer: str, skus: int, singly: Callable[[int, int], Awaitable[float]], connections: int
) -> dict[str, float]:
    """`singly` places so many orders by single calls on so many connections and says how many a second: on all of them at once, and one
    call after the other, as a partner does that waits for each answer."""
    rounds: list[tuple[float, float, float]] = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}) as client:
        (await client.put("/partners/BENCH", json=partner(customer))).raise_for_status()
    await _sent(port, key, interchange("WARM", skus, 1))
    for number in range(2, 2 + ROUNDS):
        whole = interchange(f"BULK-{number}", skus, number)
        at_once, in_turn = await singly(ORDERS, connections), await singly(ORDERS // 2, 1)
        rounds.append((ORDERS / await _sent(port, key, whole), at_once, in_turn))
    wholes, at_onces, in_turns = zip(*rounds, strict=True)
    return {
        "orders_per_second": round(median(wholes), 1),
        "single_orders_per_second": round(median(at_onces), 1),
        "single_orders_per_second_in_turn": round(median(in_turns), 1),
        "ratio_to_single": round(median(whole / single for whole, single, _ in rounds), 2),
        "ratio_to_single_in_turn": round(median(whole / single for whole, _, single in rounds), 2),
    }


async def _sent(port: int, key: str, body: bytes) -> float:
    """Seconds until it was answered."""
    head = f"POST /edi/interchanges HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nContent-Type: application/EDI-X12\r\n"
    seconds, status, answer = await ask(port, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    effects = {message["effect"] for message in from_json(answer)["interchanges"][0]["messages"]} if b" 200 " in status[:20] else set()
    if effects != {"placed"}:
        raise SystemExit(f"Not all orders of the interchange were placed: {status[:20]!r} {sorted(effects)}.")
    return seconds
