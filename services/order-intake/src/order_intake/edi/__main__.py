"""`python -m order_intake.edi`: show an interchange, or check many."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from order_intake.edi.reading import read
from order_intake.edi.reports import Report, report
from order_intake.edi.show import Ink, lines, printable


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m order_intake.edi", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    shown = commands.add_parser("show", help="print an interchange with its faults in place")
    shown.add_argument("file", type=Path)
    checked = commands.add_parser("check", help="say of every file whether it is accepted")
    checked.add_argument("--json", action="store_true", help="a list of {file, envelope_accepted, messages, faults}")
    checked.add_argument("path", type=Path, nargs="+", help="files, or folders with files")
    chosen = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _show(chosen.file) if chosen.command == "show" else _check(chosen.path, as_json=chosen.json)
    except OSError as error:
        sys.stderr.write(f"{printable(str(error))}\n")
        return 2


def _show(path: Path) -> int:
    transmission = read(path.read_bytes())
    ink = Ink(sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    sys.stdout.writelines(f"{line}\n" for line in lines(transmission, ink))
    return 0 if report(str(path), transmission)["envelope_accepted"] else 1


def _check(paths: Sequence[Path], *, as_json: bool) -> int:
    files = [file for path in paths for file in _files(path)]
    reports = [report(str(file), read(file.read_bytes())) for file in _counted(files)]
    if as_json:
        sys.stdout.write(json.dumps(reports, indent=1) + "\n")
    else:
        sys.stdout.writelines(f"{_line(each)}\n" for each in reports)
    return 0 if all(_good(each) for each in reports) else 1


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(each for each in path.rglob("*") if each.is_file() and each.suffix != ".json" and not each.name.startswith("."))


def _counted(files: Sequence[Path]) -> Iterator[Path]:
    """Shows on a terminal how far it is."""
    bar = sys.stderr.isatty() and len(files) > 20
    for number, file in enumerate(files, 1):
        yield file
        if bar:
            done = 40 * number // len(files)
            sys.stderr.write(f"\r[{'#' * done}{' ' * (40 - done)}] {number}/{len(files)}{chr(10) if number == len(files) else ''}")


def _good(found: Report) -> bool:
    return found["envelope_accepted"] and all(each["accepted"] for each in found["messages"])


def _line(found: Report) -> str:
    sets = ", ".join(f"{each['type']} {each['reference']} {each['outcome']}" for each in found["messages"][:5])
    rules = ", ".join(dict.fromkeys(str(each["rule"]) for each in found["faults"]))
    return printable(f"{'ok     ' if _good(found) else 'refused'}  {found['file']}: {sets}{'; ' if sets and rules else ''}{rules}")


if __name__ == "__main__":
    sys.exit(main())
