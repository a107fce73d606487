"""`make audit`: is anything that is locked known to be vulnerable? Asks the indexes of advisories that pip-audit knows.

Where none answers for every package this says so and passes; with LSC_AUDIT_REQUIRED=1 it fails.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from shared.plain import line

from deploy.lock import DEV, ROOT, RUN, pins

SECONDS = 60
ACCEPTED: Mapping[str, str] = {}
"""Advisories that do not hurt us, by id, each with the reason."""


@dataclass
class Answer:
    """What an index said: its findings by id, whom it judged, or why it said nothing."""

    index: str
    found: dict[str, str] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)
    silence: str = ""

    def __str__(self) -> str:
        return line(f"{self.index}: {self.silence or f'judged {len(self.judged)} packages'}")


def ask(index: str, *options: str) -> Answer:
    command = [
        "-m",
        "pip_audit",
        "-r",
        RUN,
        "-r",
        DEV,
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
        "--format",
        "json",
    ]
    service = ["--vulnerability-service", index, "--timeout", "10", "--cache-dir", ".venv/.audit", *options]
    try:
        done = subprocess.run([sys.executable, *command, *service], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Answer(index, silence=f"no answer within {SECONDS} s")
    return read(index, done.stdout, done.stderr)


def read(index: str, said: str, complaint: str = "") -> Answer:
    try:
        judged = [each for each in json.loads(said)["dependencies"] if "skip_reason" not in each]
    except (ValueError, KeyError):
        last = complaint.strip().splitlines() or ["it said nothing"]
        return Answer(index, silence=f"{last[-1][:60]} ... {last[-1][60:][-120:]}")
    found = {flaw["id"]: _sentence(each, flaw) for each in judged for flaw in each["vulns"] if flaw["id"] not in ACCEPTED}
    return Answer(index, found, {each["name"] for each in judged})


def _sentence(package: Mapping[str, str], flaw: Mapping[str, list[str]]) -> str:
    repaired = ", ".join(flaw["fix_versions"]) or "no version yet"
    return line(f"{package['name']} {package['version']}: {flaw['id']}, repaired in {repaired}")


def locked_here() -> set[str]:
    """Of the locked packages those that this platform installs."""
    requirements = [Requirement(pin.partition(" \\")[0]) for pin in (pins(RUN) | pins(DEV)).values()]
    return {each.name for each in requirements if each.marker is None or each.marker.evaluate()}


def verdict(answers: Sequence[Answer], locked: set[str], *, required: bool) -> tuple[int, str]:
    """The exit code and what to say."""
    found = {name: sentence for answer in answers for name, sentence in answer.found.items()}
    if found:
        return 1, "\n".join(["VULNERABLE:", *(f"  {sentence}" for sentence in found.values())])
    if whole := [answer.index for answer in answers if answer.judged >= locked]:
        return 0, f"No known vulnerability in {len(locked)} locked packages ({', '.join(whole)})."
    head = f"NOT AUDITED: no index of advisories that answers from here knows all {len(locked)} locked packages."
    return int(required), "\n".join([head, *(f"  {answer}" for answer in answers)])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m deploy.audit", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--osv-url", help="a mirror of the OSV interface to ask instead of the public indexes")
    mirror = parser.parse_args(arguments).osv_url
    asked = [("osv", "--osv-url", mirror)] if mirror else [("osv",), ("pypi",)]
    with ThreadPoolExecutor() as threads:
        answers = list(threads.map(lambda each: ask(*each), asked))
    code, said = verdict(answers, locked_here(), required=os.environ.get("LSC_AUDIT_REQUIRED") == "1")
    print(said, file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main())
