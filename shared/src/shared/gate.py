"""Which of the events heard are next, which must wait and which came before: decided from plain values."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.envelope import Envelope


@dataclass(slots=True)
class Standing:
    """How far a consumer is with an aggregate: the version applied last; parked = a handler refused the one after it."""

    version: int = 0
    parked: bool = False
    waits: bool = False


@dataclass(slots=True)
class Verdict:
    """`apply` in this order; `store` what must wait; `drained` names what was waiting and is applied now."""

    apply: list[Envelope] = field(default_factory=list)
    store: list[Envelope] = field(default_factory=list)
    drained: list[tuple[str, int]] = field(default_factory=list)
    repeated: int = 0


def judge(standings: Mapping[str, Standing], stored: Sequence[Envelope], heard: Sequence[Envelope]) -> Verdict:
    """Apply version last + 1, and what waited for it; drop what is not newer; hold what is further ahead or behind a parked event."""
    verdict = Verdict()
    waiting: defaultdict[str, dict[int, Envelope]] = defaultdict(dict)
    for envelope in stored:
        waiting[envelope.aggregate][envelope.version] = envelope
    old = {(envelope.aggregate, envelope.version) for envelope in stored}
    last = {aggregate: standing.version for aggregate, standing in standings.items()}
    for envelope in heard:
        aggregate = envelope.aggregate
        held = waiting[aggregate]
        if envelope.version <= last[aggregate] or envelope.version in held:
            verdict.repeated += 1
            continue
        held[envelope.version] = envelope
        while not standings[aggregate].parked and (following := held.pop(last[aggregate] + 1, None)):
            last[aggregate] += 1
            verdict.apply.append(following)
            if (aggregate, following.version) in old:
                verdict.drained.append((aggregate, following.version))
    verdict.store = [e for held in waiting.values() for e in held.values() if (e.aggregate, e.version) not in old]
    return verdict
