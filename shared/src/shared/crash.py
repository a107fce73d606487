"""Places at which a test kills the process, to see that nothing is lost there. What a kill must leave true: docs/crash-points.md."""

import os
import re
import signal
import sys
from collections.abc import Mapping

_AT = re.compile(r"([a-z_]+\.[a-z_]+)(?::([1-9][0-9]{0,8}))?")
_armed: dict[str, int] = {}


def counts_of(crash_at: str) -> dict[str, int]:
    """`relay.read:3,api.committed`: at which place, and at which time that it is reached; raises ValueError."""
    counts: dict[str, int] = {}
    for word in crash_at.split(",") if crash_at else ():
        found = _AT.fullmatch(word.strip())
        if not found:
            raise ValueError("is written like relay.read:3 or api.committed:1,relay.deleted:2")
        counts[found[1]] = int(found[2] or 1)
    return counts


def arm(counts: Mapping[str, int]) -> None:
    """From here on this process dies at these places; nothing else arms them."""
    _armed.clear()
    _armed.update(counts)
    if counts:
        sys.stderr.write(f"CRASH_AT is set: this process kills itself at {', '.join(counts)}.\n")


def crash_point(name: str) -> None:
    """Where CRASH_AT names this place the process ends here, as by a power cut."""
    if _armed:
        _reach(name)


def _reach(name: str) -> None:
    left = _armed[name] = _armed.get(name, 0) - 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
