"""How the processes behaved: what they told callers that they could not serve, and what they ended by."""

import os
from collections.abc import Iterable

from deploy.local.demo.invariants import Invariant
from deploy.local.watch import Program
from tests.crash.vigil import Finding

HONEST = Invariant("I1", "Who cannot be served now is asked to come again: 503 with Retry-After, and no other fault of ours", "")
LIVING = Invariant("I11", "No process ends by an error that it did not count on", "")
WITHOUT_SERVERS, WITHOUT_START, STALLED, STOPPED_LATE = os.EX_UNAVAILABLE, 3, 70, 75
"""The exit codes of a worker and of an API that cannot start, of the watchdog, and of who does not stop in time."""


def told_of_faults(answers: list[str]) -> list[Finding]:
    return [Finding(HONEST, len(answers), answers[0])] if answers else []


def ended(programs: Iterable[Program]) -> list[Finding]:
    lives = [
        (one.name, life)
        for one in programs
        for life in one.ended
        if life.exit_code not in (WITHOUT_SERVERS, WITHOUT_START, STALLED, STOPPED_LATE)
    ]
    return [Finding(LIVING, len(lives), f"{name} ended after {life.seconds:.1f} s: {life.last_words}") for name, life in lives[:1]]
