"""The texts that people wrote, and what they name."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from shared.service import Service

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {name: name.replace("-", "_") for name in ("order-intake", "inventory", "dispatch", "crm", "kpi")}
GENERATED = {"docs/events.md", "docs/kpis.md", "docs/scopes.md"}


@dataclass(frozen=True)
class Text:
    path: Path
    content: str

    @property
    def prose(self) -> str:
        """Without the indented and fenced blocks."""
        return re.sub(r"^ {4,}.*$", "", re.sub(r"```.*?```", "", self.content, flags=re.S), flags=re.M)

    @property
    def quoted(self) -> list[str]:
        """What stands between backticks."""
        return re.findall(r"`([^`\n]+)`", self.prose)

    def blocks(self, language: str) -> list[str]:
        return re.findall(rf"```{language}\n(.*?)```", self.content, flags=re.S)

    @property
    def anchors(self) -> set[str]:
        headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", self.content, flags=re.S), flags=re.M)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def text(path: str | Path) -> Text:
    return Text(ROOT / path, (ROOT / path).read_text(encoding="utf-8"))


@cache
def files() -> list[str]:
    """All that belongs to the repository, from its root: neither made by a command nor a tool's."""
    found: list[str] = []
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if name == ".ci" or not (name[0] == "." or name == "__pycache__" or name.endswith(".egg-info"))]
        found += [str(Path(folder, name).relative_to(ROOT)) for name in names]
    return sorted(found)


def texts() -> list[Text]:
    return [text(name) for name in files() if name.endswith(".md")]


def written() -> list[Text]:
    """The texts that are not generated."""
    return [each for each in texts() if str(each.path.relative_to(ROOT)) not in GENERATED]


def service(name: str) -> Service:
    found: Service = import_module(f"{SERVICES[name]}.app").SERVICE
    return found


def table_rows(markdown: str, heading: str) -> Iterator[list[str]]:
    """The rows of the table with this first column's heading, header and ruler left out."""
    lines = iter(markdown.splitlines())
    for line in lines:
        if line.startswith(f"| {heading} |"):
            break
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split(" | ")]
