"""Writes requirements*.txt: what is named in requirements*.in and all it pulls in, at the versions installed now."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
NOTE = "# Written by `make lock` from {}; do not edit.\n"


def main() -> None:
    run = closure(named("requirements.in"))
    dev = closure(named("requirements-dev.in"))
    write("requirements.txt", run, NOTE.format("requirements.in"))
    only_dev = {name: version for name, version in dev.items() if name not in run}
    write("requirements-dev.txt", only_dev, NOTE.format("requirements-dev.in") + "-r requirements.txt\n")


def named(file: str) -> list[Requirement]:
    lines = (ROOT / file).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def closure(wanted: list[Requirement]) -> dict[str, str]:
    """Name -> version of everything installed that these need here."""
    found: dict[str, str] = {}
    todo = [(each, extra) for each in wanted for extra in (each.extras or {""})]
    while todo:
        requirement, extra = todo.pop()
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        new = name not in found
        found[name] = package.version
        for line in package.requires or [] if new or extra else []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                todo += [(needed, each) for each in (needed.extras or {""})]
    return found


def write(file: str, pins: dict[str, str], note: str) -> None:
    (ROOT / file).write_text(note + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items())))


if __name__ == "__main__":
    main()
