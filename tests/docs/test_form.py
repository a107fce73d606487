"""What CONTRIBUTING says of the form of the code: short functions, short files, names that say what is in them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.docs.texts import ROOT, files

LONGEST_FUNCTION, LONGEST_FILE = 25, 300
MEANINGLESS = {"utils", "helpers", "common", "manager", "misc"}
WRITTEN = [name for name in files() if name.endswith(".py") and "migrations" not in Path(name).parts]
"""A migration is a record: it is written once, as long as what it makes, and not tidied afterwards."""


def too_long(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            length = node.end_lineno - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{node.name}: {length}"


def test_functions_and_files_are_short() -> None:
    sources = {name: (ROOT / name).read_text() for name in WRITTEN}

    assert [f"{name} {function}" for name, source in sources.items() for function in too_long(source)] == []
    assert [name for name, source in sources.items() if len(source.splitlines()) > LONGEST_FILE] == []


def test_no_file_is_called_after_nothing() -> None:
    assert len(WRITTEN) > 500
    assert {name for name in WRITTEN if Path(name).stem in MEANINGLESS} == set()


def test_a_function_of_one_line_too_many_is_found() -> None:
    body = "    x = 1\n" * (LONGEST_FUNCTION - 1)

    assert list(too_long(f"def f():\n{body}")) == []
    assert list(too_long(f"def f():\n{body}    y = 2\n")) == [f"f: {LONGEST_FUNCTION + 1}"]
