from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from shared.registry import Handler


def waves(events: Sequence[Any], handlers: Iterable[Handler]) -> list[tuple[Handler, list[Any]]]:
    """The calls that apply these events: for each wave (the first event of every key, then the second, ...) each handler once;
    unordered handlers get all of theirs at once, at the end."""
    turn: defaultdict[str, int] = defaultdict(int)
    cut: defaultdict[int, list[Any]] = defaultdict(list)
    for event in events:
        cut[turn[event.key]].append(event)
        turn[event.key] += 1
    handlers = list(handlers)
    ordered = [h for h in handlers if not h.unordered]
    calls = [(h, of) for wave in cut.values() for h in ordered if (of := [e for e in wave if isinstance(e, h.types)])]
    calls += [(h, of) for h in handlers if h.unordered and (of := [e for e in events if isinstance(e, h.types)])]
    return calls
