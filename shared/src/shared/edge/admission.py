"""Who may begin: how often, and how many requests of one key, or of large bodies, at a time."""

import asyncio
import gc
from collections import Counter
from functools import partial

from fastapi import Request

from shared.auth import Caller
from shared.edge.rates import Kind, Rates
from shared.edge.refusals import TooManyRequests
from shared.edge.room import when_answered, when_gone
from shared.edge.settings import EdgeSettings


class Admission:
    """What is taken here is given back when the request has left (`Guard`)."""

    def __init__(self, settings: EdgeSettings, rates: Rates) -> None:
        self._rates = rates
        self._most = settings.in_flight_per_key
        self._running: Counter[str] = Counter()
        self.large, self._huge, self._resting = asyncio.Lock(), asyncio.Lock(), 0

    def begin(self, request: Request, kind: Kind) -> None:
        """Raises TooManyRequests. Staff shares the limit of the whole process only."""
        caller: Caller = request.state.caller
        request.scope["state"]["rate"] = self._rates.take(caller, kind)
        if caller.customer_id is None:
            return
        if self._running[caller.key_id] >= self._most:
            raise TooManyRequests(f"At most {self._most} requests with one key are worked on at a time.", 1)
        self._running[caller.key_id] += 1
        when_gone(request.scope, partial(self._gone, caller.key_id))

    def count_items(self, request: Request, kind: Kind, items: int) -> None:
        """The first item was counted with the call."""
        if items > 1:
            request.scope["state"]["rate"] = self._rates.take(request.state.caller, kind, items - 1)

    async def turn_of_huge(self, request: Request) -> None:
        """One at a time. What it is made into is not looked through by the garbage collector until the answer begins: it would halt
        everybody."""
        await self._huge.acquire()
        self._rest()
        when_answered(request.scope, self._end_rest)
        when_gone(request.scope, self._huge.release)

    def rest_for_large(self, request: Request) -> None:
        """The same until the answer is on its way, for one of them: between two the collector comes to its turn, however many overlap."""
        if not self._resting:
            self._rest()
            when_answered(request.scope, self._end_rest_soon)

    def _rest(self) -> None:
        self._resting += 1
        gc.disable()

    def _end_rest_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._end_rest)

    def _end_rest(self) -> None:
        self._resting -= 1
        if not self._resting:
            gc.enable()

    def _gone(self, key_id: str) -> None:
        self._running[key_id] -= 1
        if not self._running[key_id]:
            del self._running[key_id]
