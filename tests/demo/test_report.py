"""What the demo prints of foreign text."""

from collections import Counter
from io import StringIO

from rich.console import Console
from shared.plain import line

from deploy.local.demo.dataset import Plan
from deploy.local.demo.journal import Journal
from deploy.local.demo.outcome import Outcome
from deploy.local.demo.report import show

HOSTILE = "\x1b[2J[/] [bold]\u202e\r\nx"


def test_foreign_text_is_shown_and_not_done() -> None:
    plan = Plan("file", 0, 0, (), (), (), (), {})
    journal = Journal(stuck=HOSTILE, happened=Counter({HOSTILE: 1}))
    outcome = Outcome(plan, journal, 1.0, Counter({HOSTILE: 1}), Counter({(HOSTILE, HOSTILE): 1}), Counter({(HOSTILE, HOSTILE): 1}), [], [])
    shown = StringIO()

    show(Console(file=shown, width=200, force_terminal=True, color_system=None), outcome)

    assert shown.getvalue().count(line(HOSTILE)) == 6
    assert shown.getvalue().replace("\n", "").isprintable()
