"""Writes requirements*.txt: what requirements*.in names and all it pulls in, each at one version with the hashes of its wheels.

One lock for Python 3.11 and newer on every platform. What is pinned stays; --upgrade takes the newest of everything.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN, DEV = "requirements.txt", "requirements-dev.txt"
NOTE = "# Written by `make lock` from {}; do not edit.\n"
UV = ("-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--only-binary", ":all:", "--generate-hashes")
ONE_VERSION = ("--fork-strategy", "fewest")
SPARSE = ("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--no-config")


def main() -> None:
    parser = argparse.ArgumentParser("python -m deploy.lock", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = ["--upgrade"] if parser.parse_args().upgrade else []
    run = resolved([RUN.replace(".txt", ".in")], pins(RUN), upgrade)
    write(RUN, run, NOTE.format("requirements.in"))
    dev = resolved(["requirements-dev.in", RUN], pins(RUN) | pins(DEV), upgrade)
    only_dev = {name: pin for name, pin in dev.items() if name not in run}
    write(DEV, only_dev, NOTE.format("requirements-dev.in") + f"-r {RUN}\n")


def pins(file: str) -> dict[str, str]:
    """Of a lock, by name: the line with the version and those with its hashes."""
    path = ROOT / file
    blocks = re.finditer(r"^([\w.-]+)==(?:.*\\\n)*.*\n", path.read_text() if path.exists() else "", flags=re.MULTILINE)
    return {block[1]: block[0] for block in blocks}


def resolved(sources: list[str], known: dict[str, str], options: list[str]) -> dict[str, str]:
    """What is known already is preferred, as long as it fits."""
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder, "lock.txt")
        lock.write_text("".join(known.values()))
        done = subprocess.run([sys.executable, *UV, *ONE_VERSION, *SPARSE, *options, *sources, "-o", lock], cwd=ROOT, check=False)
        if done.returncode:
            sys.exit("Nothing is locked.")
        return pins(str(lock))


def write(file: str, locked: dict[str, str], note: str) -> None:
    (ROOT / file).write_text(note + "".join(locked[name] for name in sorted(locked)))


if __name__ == "__main__":
    main()
