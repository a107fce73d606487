"""`python -m tests.crash.launcher <package> ...`: the service as it is, after the patches that CRASH_PATCHES names.

SIGUSR1 makes it write into its log where each of its tasks stands, SIGUSR2 makes a worker hang with its next batch in hand.
"""

import asyncio
import os
import runpy
import signal
import sys

from tests.crash.patches import PATCHES, hang_once


def main() -> None:
    signal.signal(signal.SIGUSR1, tell)
    signal.signal(signal.SIGUSR2, hang_once)
    for name in filter(None, os.environ.get("CRASH_PATCHES", "").split(",")):
        PATCHES[name]()
    package = sys.argv.pop(1)
    runpy.run_module(package, run_name="__main__", alter_sys=True)


def tell(*_: object) -> None:
    for task in asyncio.all_tasks():
        task.print_stack(limit=12, file=sys.stderr)


if __name__ == "__main__":
    main()
