"""What the play came to, as tables."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from rich.console import Console
from rich.table import Table
from shared.plain import printed

from deploy.local.demo.dataset import Plan
from deploy.local.demo.kpis import Figure
from deploy.local.demo.outcome import Outcome

_GOOD, _BAD, _SO_SO = "green", "red", "yellow"
_STYLES = {"met": _GOOD, "no_target": "", "missed": _SO_SO, "missed_significant": _BAD, "no_data": _BAD}


def show_plan(console: Console, plan: Plan) -> None:
    """The counts add up to the file."""
    table = Table(title="The file", title_justify="left")
    table.add_column("")
    for name in ("rows", "invoices"):
        table.add_column(name, justify="right")
    table.add_row("orders", str(plan.lines), str(len(plan.sales)))
    table.add_row("credits", str(len(plan.credits)), str(plan.credit_invoices))
    table.add_row("reported, can be neither", str(len(plan.reported)), f"{plan.reported_invoices} wholly")
    table.add_row("in the file", str(plan.rows), str(plan.invoices), style="bold")
    console.print(table)
    _counts(console, "Reported rows", "reason", Counter(reported.reason for reported in plan.reported))


def show(console: Console, outcome: Outcome) -> None:
    _orders(console, outcome)
    _counts(console, "Credit lines", "what became of them", Counter(outcome.journal.credited.values()))
    _counts(console, "What happened", "", outcome.journal.happened)
    _figures(console, outcome.figures)
    _events(console, outcome.events)
    _verdicts(console, outcome)
    rate = len(outcome.plan.sales) / outcome.seconds
    console.print(f"\n{len(outcome.plan.sales)} orders from the first call to rest in {outcome.seconds:.1f} s, {rate:.1f} orders/s.")
    for fault in outcome.faults:
        console.print(f"[{_BAD}]Not as promised:[/]", printed(fault), highlight=False, soft_wrap=True)
    if not outcome.faults:
        console.print(f"[{_GOOD}]Every order came to its end, the counts add up, no invariant is broken.[/]")


def _orders(console: Console, outcome: Outcome) -> None:
    table = Table(title="Orders", title_justify="left")
    table.add_column("status")
    table.add_column("orders", justify="right")
    table.add_column("why")
    for status, count in outcome.statuses.most_common():
        reasons = ", ".join(f"{number} {reason}" for (kind, reason), number in outcome.reasons.most_common() if kind == status)
        table.add_row(printed(status), str(count), "stock is really short (I11)" if status == "backordered" else printed(reasons))
    table.add_row("in all", str(outcome.statuses.total()), "", style="bold")
    console.print(table)


def _counts(console: Console, title: str, word: str, counts: Mapping[str, int]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column(word)
    table.add_column("", justify="right")
    for what, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count:
            table.add_row(printed(what), str(count))
    console.print(table)


def _figures(console: Console, figures: Iterable[Figure]) -> None:
    table = Table(title="KPIs, provisional until their look-back is over", title_justify="left")
    table.add_column("KPI")
    for name in ("value", "of", "target", "95 % interval"):
        table.add_column(name, justify="right")
    table.add_column("status")
    for figure in figures:
        table.add_row(*_cells(figure))
    console.print(table)
    for figure in figures:
        if lead := figure.row.lead_time:
            parts = ", ".join(f"{name} {minutes:.2f}" for name, minutes in (lead.segments or {}).items())
            console.print(
                f"Lead time in minutes: median {lead.median:.2f}, p90 {lead.p90:.2f}, p95 {lead.p95:.2f}; mean by segment: {parts}"
            )


def _cells(figure: Figure) -> Iterator[str]:
    row, style = figure.row, _STYLES.get(figure.row.status)
    yield figure.definition.name
    yield "no data" if row.value is None else f"{row.value:.2f}{' %' if figure.definition.unit == 'percent' else ' min'}"
    yield str(row.denominator)
    yield "" if row.target is None else f"{'≤' if figure.definition.better == 'lower' else '≥'} {row.target:g} %"
    yield "" if row.interval is None else f"{row.interval.low:.2f} - {row.interval.high:.2f}"
    yield f"[{style}]{row.status}[/]" if style else row.status


def _events(console: Console, events: Counter[tuple[str, str]]) -> None:
    table = Table(title=f"Events: {events.total()}", title_justify="left")
    for name in ("topic", "type"):
        table.add_column(name)
    table.add_column("events", justify="right")
    for (topic, type_), count in sorted(events.items()):
        table.add_row(printed(topic), printed(type_), str(count))
    console.print(table)


def _verdicts(console: Console, outcome: Outcome) -> None:
    table = Table(title="Invariants", title_justify="left")
    table.add_column("")
    table.add_column("must be true")
    table.add_column("offenders", justify="right")
    for verdict in outcome.verdicts:
        colour = _BAD if verdict.broken else _GOOD
        table.add_row(verdict.invariant.name, verdict.invariant.sentence, f"[{colour}]{verdict.broken}[/]")
    console.print(table)
