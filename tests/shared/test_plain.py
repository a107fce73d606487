"""Foreign text where it leaves: on a console, in a file for a spreadsheet."""

import csv
import re
from io import StringIO
from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console
from shared.plain import cell, line, lines, printed

from tests.docs.texts import ROOT, files

HOSTILE = "\x1b[2J\x1b]0;owned\x07 \u202egpj.exe\u2066 \u200b\x85\u2028\r\n\t[/red][link=file:///etc]x[/link] \ud800"
texts = st.text(st.characters(codec=None))


@given(texts)
@example(HOSTILE)
def test_a_line_is_one_line_that_moves_and_hides_nothing(text: str) -> None:
    shown = line(text)

    assert len(shown.splitlines()) <= 1
    assert {category(character) for character in shown}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert shown.encode().decode() == shown


@given(texts)
def test_what_can_be_read_stays_as_it_is(text: str) -> None:
    readable = "".join(character for character in text if character.isprintable() or character == "\u3000")

    assert line(readable) == readable


def test_lines_stay_lines() -> None:
    assert lines("one\ntwo\x1b[2J\r\n") == "one\ntwo\\x1b[2J\\x0d\n"


@given(texts)
@example(HOSTILE)
def test_a_console_shows_brackets_and_does_nothing(text: str) -> None:
    shown = StringIO()

    Console(file=shown, width=10_000, force_terminal=True, color_system=None, highlight=False).print(printed(text))

    assert shown.getvalue().replace("\n", "") == line(text).replace("\n", "")


@given(texts)
@example("=cmd|' /C calc'!A0")
@example("\t=1+1")
@example("\r\n@SUM(1)")
@example("  -2+3")
@example("＝1+1")
def test_a_cell_is_never_a_formula_and_never_leaves_its_place(text: str) -> None:
    file = StringIO(newline="")
    csv.writer(file).writerow(["before", cell(text), "after"])

    [[before, read, after]] = csv.reader(StringIO(file.getvalue(), newline=""))

    assert (before, after) == ("before", "after")
    assert read == cell(text)
    assert not re.match(r"\s*[=+\-@\t\r\n|%＝＋－＠]", read)


@pytest.mark.parametrize("text", ["A-1", "order 5", "测试", "", "a=b"])
def test_a_cell_that_is_no_formula_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


def test_who_writes_csv_defuses_its_cells() -> None:
    writing = {name: (ROOT / name).read_text() for name in files() if name.endswith(".py") and not name.startswith("tests/")}
    writers = [name for name, text in writing.items() if re.search(r"csv\.(Dict)?[wW]riter|text/csv", text)]

    assert [name for name in writers if "shared.plain" not in writing[name]] == []
    assert len(writing) > 100
