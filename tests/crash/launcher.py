"""`python -m tests.crash.launcher <package> ...`: the service as it is, after the patches that CRASH_PATCHES names."""

import os
import runpy
import sys

from tests.crash.patches import PATCHES


def main() -> None:
    for name in filter(None, os.environ.get("CRASH_PATCHES", "").split(",")):
        PATCHES[name]()
    package = sys.argv.pop(1)
    runpy.run_module(package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
