"""How the processes behaved: what they told callers that they could not serve, and what they ended by."""

from collections.abc import Iterable

from deploy.local.demo.invariants import Invariant
from deploy.local.watch import AT_ONCE_SECONDS, Program
from tests.crash.vigil import Finding

HONEST = Invariant("I1", "Who cannot be served now is asked to come again: 503, and no other fault of ours", "")
LIVING = Invariant("I11", "No process ends by an error that it did not count on", "")
UNCOUNTED = 1
"""The exit code of Python; the watchdog and who does not stop in time have others."""


def told_of_faults(answers: list[str]) -> list[Finding]:
    return [Finding(HONEST, len(answers), answers[0])] if answers else []


def ended(programs: Iterable[Program]) -> list[Finding]:
    """Who ends sooner did not find what it needs to start, and is started until it does."""
    lives = [(one.name, lived) for one in programs for code, lived in one.ended if code == UNCOUNTED and lived >= AT_ONCE_SECONDS]
    return [Finding(LIVING, len(lives), "{} ended after {:.1f} s".format(*lives[0]))] if lives else []
