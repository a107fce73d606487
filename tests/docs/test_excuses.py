"""Whoever asks the linters to look away says why."""

import re

import pytest

from tests.docs.texts import ROOT, files

PYTHON = [name for name in files() if name.endswith(".py")]


@pytest.mark.parametrize("name", [name for name in PYTHON if "noqa" in (ROOT / name).read_text()])
def test_every_noqa_has_its_code_and_its_reason(name: str) -> None:
    comments = re.findall(r"# " + r"noqa.*", (ROOT / name).read_text())

    assert [comment for comment in comments if not re.match(r"# " + r"noqa: [A-Z]+\d+(, [A-Z]+\d+)* - \w", comment)] == []


def test_every_rule_that_is_off_has_its_reason() -> None:
    page = (ROOT / "pyproject.toml").read_text()
    ignored = page.partition("[tool.ruff.lint]")[2].partition("[tool.ruff.lint.flake8-bugbear]")[0].partition("ignore = [")[2]
    rules = [line for line in ignored.splitlines() if re.search(r'"[A-Z]+\d+"', line)]

    assert len(rules) > 8
    assert [line for line in rules if not re.search(r"  # \w", line)] == []
