"""Writes docs/kpis.md from the definitions: `python -m kpi.docs`, with --check only says whether it is current."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kpi.definitions import KPIS, Better, Kpi
from kpi.definitions.kpi import WHOLE_ORDERS, Counts

PAGE = Path("docs/kpis.md")
COMMAND = "python -m kpi.docs"

_HEAD = f"""# KPIs

Written by `{COMMAND}` from `services/kpi/src/kpi/definitions/`; do not edit.

Rules of all of them:

- A period is half-open, `[from, to)`; its days begin at midnight of the business zone (`LSC_BUSINESS_ZONE`).
- Every order, line or case belongs to one period: the one its anchor lies in.
- No data is `null` and `no_data`, never 0.
- A figure is provisional until its look-back after the period's end is over.
- `missed` compares the exact value with the target, `missed_significant` wants the whole Wilson 95 % interval on the wrong side.
- Percentages have two decimals, halves up. Numerator and denominator are whole numbers, and the evidence adds up to both.
- An order counts in every warehouse and carrier that served it; one that none has served yet counts in the whole only.
- Cancelled by the customer before the deadline is excluded; cancelled or rejected by us stays in and is never on time nor perfect.

In the SQL `o` is a row of order_facts, `l` of line_facts, `c` of case_facts, `x` a case of the order, `:as_of` is now, and `w` is what
is true of the whole order:

```sql
{WHOLE_ORDERS}
```
"""

_SOURCES = {Counts.WHOLE_ORDERS: "order_facts o, and w as above"}


def text() -> str:
    """The whole page."""
    rows = [f"| [`{kpi.name}`](#{kpi.name}) | {kpi.name_zh} | {kpi.unit} | {_target(kpi)} |" for kpi in KPIS.values()]
    table = "\n".join(["| KPI | 中文 | unit | target |", "|---|---|---|---|", *rows])
    return "\n".join([_HEAD, table, *map(_section, KPIS.values()), ""])


def _section(kpi: Kpi) -> str:
    after = f" + {kpi.counted_after.total_seconds() / 3600:g} h" if kpi.counted_after else ""
    return f"""
## {kpi.name}

{kpi.name_zh}. {kpi.question}

| | |
|---|---|
| numerator | {kpi.words.numerator} |
| denominator | {kpi.words.denominator} |
| anchor | {kpi.words.counted_at} |
| look-back | {f"{kpi.look_back.days} days" if kpi.look_back else "none"} |
| exclusions | {kpi.words.exclusions} |
| target | {_target(kpi)} |
| better | {kpi.better} |
| source | {kpi.words.source} |

```sql
numerator    {kpi.numerator}
denominator  {kpi.denominator}
anchor       {kpi.counted_at}{after}
counted      {kpi.counted}
from         {_SOURCES.get(kpi.counts, kpi.counts)}
```"""


def _target(kpi: Kpi) -> str:
    if kpi.target is None:
        return "none"
    return f"{'≥' if kpi.better is Better.HIGHER else '≤'} {kpi.target} %"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(COMMAND, description="Write docs/kpis.md; run it in the repository's root.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when the page is not current")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(text(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text():
        sys.exit(f"{PAGE} is not current: run `{COMMAND}`.")


if __name__ == "__main__":
    main()
