"""Kafka's jars by Maven, once for each version of deploy/kafka/pom.xml, and the java that runs them."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from deploy.local.errors import MissingError, StackError
from deploy.local.sidefile import Lock

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "deploy/kafka"
JARS = ROOT / ".local/kafka/libs"


def missing() -> list[str]:
    """The tools that have to be installed before Kafka can run here; Maven only until the jars are there."""
    return ([] if java_version() >= 17 else ["java"]) + ([] if _are_current() or shutil.which("mvn") else ["mvn"])


def java() -> str:
    home = os.environ.get("JAVA_HOME")
    return f"{home}/bin/java" if home and Path(home, "bin/java").exists() else "java"


def java_version() -> int:
    """0 when there is none; the major number, so that 17.0.15 is 17."""
    if not shutil.which(java()):
        return 0
    told = subprocess.run([java(), "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    return int(found[1]) if found else 0


def jars() -> Path:
    """The folder of the jars, fetched when they are not there or the pom has changed."""
    if tools := missing():
        raise MissingError(tools)
    lock = Lock(JARS.with_name("fetching"))
    lock.take(wait=True)
    try:
        if not _are_current():
            _fetch()
    finally:
        lock.release()
    return JARS


def _mark() -> str:
    return hashlib.sha256((RECIPE / "pom.xml").read_bytes()).hexdigest()


def _are_current() -> bool:
    mark = JARS / "pom.sha256"
    return mark.exists() and mark.read_text() == _mark()


def _fetch() -> None:
    print("Fetching Apache Kafka with Maven, once (about 45 MB) ...", flush=True)
    shutil.rmtree(JARS, ignore_errors=True)
    copied = subprocess.run(
        ["mvn", "-B", "-q", "-f", RECIPE / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if copied.returncode:
        raise StackError(f"Maven could not fetch Kafka:\n{copied.stdout[-2000:]}")
    (JARS / "pom.sha256").write_text(_mark())
