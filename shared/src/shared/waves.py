from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from shared.envelope import Envelope
from shared.events import Event
from shared.registry import Handler


@dataclass(frozen=True, slots=True)
class Turn:
    """An event whose turn it is."""

    envelope: Envelope
    event: Event


def waves(turns: Sequence[Turn], handlers: Sequence[Handler]) -> list[tuple[Handler, list[Turn]]]:
    """The calls that apply these events: for each wave (the first event of every key, then the second, ...) each handler once;
    unordered handlers get all of theirs at once, at the end."""
    ordered = [handler for handler in handlers if not handler.unordered]
    calls = [(handler, of) for wave in (_cut(turns) if ordered else []) for handler in ordered if (of := _of(handler, wave))]
    return calls + [(handler, of) for handler in handlers if handler.unordered and (of := _of(handler, turns))]


def _cut(turns: Sequence[Turn]) -> list[list[Turn]]:
    seen: defaultdict[str, int] = defaultdict(int)
    cut: list[list[Turn]] = []
    for turn in turns:
        nth = seen[turn.envelope.key]
        seen[turn.envelope.key] += 1
        if nth == len(cut):
            cut.append([])
        cut[nth].append(turn)
    return cut


def _of(handler: Handler, turns: Sequence[Turn]) -> list[Turn]:
    return [turn for turn in turns if turn.envelope.type in handler.names]
