"""`make crash`: use the system and beat it at the same time, then judge.

SEED=1 what is drawn; ORDERS, SECONDS other sizes; FULL=1 the full parameters, half an hour; SHORT=1 those of `make test`;
SABOTAGE=name,name|all the product without one of its guards, and with it: caught is right, the first time.
KEEP=1 leaves data and logs where they are.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from time import monotonic

from rich.console import Console

from deploy.local.run import FOLDER
from tests.crash import sabotage
from tests.crash.profiles import SHORT, Profile, whole
from tests.crash.report import save, show
from tests.crash.result import Result
from tests.crash.rig import Rig

console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
TOLD_EVERY_SECONDS = 10.0


class Told:
    """A line a moment on a terminal, one in ten seconds elsewhere."""

    def __init__(self) -> None:
        self._at = -1e9

    def __call__(self, text: str) -> None:
        if monotonic() - self._at > (1 if sys.stdout.isatty() else TOLD_EVERY_SECONDS):
            self._at = monotonic()
            console.print(text, markup=False, soft_wrap=True)


def play(profile: Profile, seed: int, *, keep: bool = False) -> Result:
    """In a folder of its own, which goes afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="lsc-crash-"))
    try:
        return asyncio.run(Rig(profile, seed, folder, Told()).run())
    finally:
        if keep:
            console.print(f"Data and logs: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    wanted = _arguments()
    if wanted.sabotage:
        return sabotage.play_all(wanted.sabotage, wanted.seed, partial(play, keep=wanted.keep), console)
    profile = SHORT if wanted.short else whole(wanted.orders, wanted.seconds, full=wanted.full)
    result = play(profile, wanted.seed, keep=wanted.keep)
    save(result, FOLDER / "crash.json")
    show(console, result)
    with (FOLDER / "crash.txt").open("w") as file:
        show(Console(file=file, width=150), result)
    return 0 if result.is_clean and not result.undone else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.crash", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--sabotage")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
