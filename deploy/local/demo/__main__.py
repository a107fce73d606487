"""`python -m deploy.local.demo`: play real orders on the running services and say what came of it.

ORDERS=300 (the default): the first so many invoices of the file; ORDERS=all: every invoice. DATA: another file of the same columns.
--stack names the file in which the embedded stack wrote where it is; without it the environment, or .local/stack.env.
SEED (1): other short picks, damages, late deliveries, scarce items. Ends with 1 when anything is not as promised.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from dotenv import dotenv_values
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from shared.plain import printed

from deploy.local.demo.choices import Choices
from deploy.local.demo.client import GaveUp, Refused
from deploy.local.demo.dataset import Plan, first_invoices, plan
from deploy.local.demo.extract import SHIPPED
from deploy.local.demo.outcome import Outcome
from deploy.local.demo.performance import perform
from deploy.local.demo.report import show, show_plan
from deploy.local.demo.rows import read_rows
from deploy.local.demo.target import Target

INVOICES = "300"


def chosen_plan(invoices: str, file: Path) -> Plan:
    if invoices != "all" and not (invoices.isdecimal() and int(invoices) > 0):
        raise SystemExit(f"ORDERS is a number of invoices, or all; not {invoices}.")
    if not file.exists():
        raise SystemExit(f"There is no file {file}; DATA names a .csv or .csv.gz.")
    rows = read_rows(file)
    return plan(rows if invoices == "all" else first_invoices(rows, int(invoices)))


async def play(target: Target, made: Plan, seed: int, console: Console) -> Outcome:
    bar = Progress(TextColumn("Orders at their end"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
    with bar:
        task = bar.add_task("", total=len(made.sales))
        return await perform(target, made, Choices(seed), lambda ended, total: bar.update(task, completed=min(ended, total)))


def _target() -> Target:
    parser = argparse.ArgumentParser("python -m deploy.local.demo", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--stack", type=Path, help="the file stack.env of the running system")
    stack: Path | None = parser.parse_args().stack
    return Target.of(dotenv_values(stack)) if stack else Target()


def main() -> int:
    console = Console(width=None if sys.stdout.isatty() else 150)
    made = chosen_plan(os.environ.get("ORDERS", INVOICES), Path(os.environ.get("DATA", SHIPPED)))
    show_plan(console, made)
    result: Outcome | None = None
    try:
        result = asyncio.run(play(_target(), made, int(os.environ.get("SEED", "1")), console))
        show(console, result)
    except* (Refused, GaveUp) as failed:
        for failure in _leaves(failed):
            console.print("[red]The play broke off:[/]", printed(failure), highlight=False, soft_wrap=True)
    return 0 if result and not result.faults else 1


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    nested = [_leaves(each) if isinstance(each, BaseExceptionGroup) else [each] for each in group.exceptions]
    return [each for some in nested for each in some]


if __name__ == "__main__":
    sys.exit(main())
