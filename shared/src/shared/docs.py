"""`python -m shared.docs`: write docs/asyncapi.json and docs/events.md; with --check, fail when they are stale."""

import argparse
import json
import sys
from pathlib import Path

from shared.events.asyncapi import document
from shared.events.page import page

FOLDER = Path("docs")


def documents() -> dict[str, str]:
    """What belongs into the files of `docs/`, by name."""
    return {"asyncapi.json": json.dumps(document(), indent=2, ensure_ascii=False) + "\n", "events.md": page()}


def stale(folder: Path, wanted: dict[str, str]) -> list[Path]:
    """The files that do not say what the code says."""
    files = {folder / name: text for name, text in wanted.items()}
    return [file for file, text in files.items() if not file.exists() or file.read_text(encoding="utf-8") != text]


def main(command: str, wanted: dict[str, str]) -> None:
    """Also for a service that generates a document of its own."""
    parser = argparse.ArgumentParser(f"python -m {command}", description=f"Write {', '.join(wanted)} to docs/; run it at the root.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a document is stale")
    checking, old = parser.parse_args().check, stale(FOLDER, wanted)
    if checking and old:
        sys.exit(f"Stale: {', '.join(map(str, old))}. Run `python -m {command}` and commit what it writes.")
    for file in old:
        file.write_text(wanted[file.name], encoding="utf-8")
        print(f"wrote {file}")  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main("shared.docs", documents())
