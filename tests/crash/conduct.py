"""How the processes behaved: what they told callers that they could not serve, and what they ended by."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence

from deploy.local.demo.invariants import Invariant
from deploy.local.watch import Program
from tests.crash.vigil import Finding

HONEST = Invariant("I1", "Who cannot be served now is asked to come again: 503 with Retry-After, and no other fault of ours", "")
LIVING = Invariant("I11", "No process ends by an error that it did not count on", "")
WITHOUT_SERVERS, WITHOUT_START, STALLED, STOPPED_LATE = os.EX_UNAVAILABLE, 3, 70, 75
"""The exit codes of a worker and of an API that cannot start, of the watchdog, and of who does not stop in time."""
COUNTED_ON, ENOUGH = (WITHOUT_SERVERS, WITHOUT_START, STALLED, STOPPED_LATE), 4


def told_of_faults(answers: list[str]) -> list[Finding]:
    return [Finding(HONEST, len(answers), answers[0])] if answers else []


def ended(programs: Sequence[Program]) -> list[Finding]:
    lives = [(one.name, life) for one in programs for life in one.ended if life.exit_code not in COUNTED_ON]
    found = [Finding(LIVING, len(lives), f"{name} ended after {life.seconds:.1f} s: {life.last_words}") for name, life in lives[:1]]
    return found + _stopped_late([one for one in programs if "-worker" in one.name])


def _stopped_late(workers: Sequence[Program]) -> list[Finding]:
    """A network that is dark holds up one worker or another, but not most of them."""
    late, asked = codes(workers)[STOPPED_LATE], sum(one.asked for one in workers)
    said = f"{late} of {asked} workers that were asked to end did not in time"
    return [Finding(LIVING, late, said)] if asked >= ENOUGH and late > asked / 2 else []


def codes(programs: Iterable[Program]) -> Counter[int]:
    """How often a process ended by itself, by exit code."""
    return Counter(life.exit_code for one in programs for life in one.ended)
