"""`make mutants`: changes the code in small ways, one at a time, and tells which changes no test noticed."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from deploy.local.postgres import Postgres
from tests.remains import NAMED_BY, end_remains

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = ROOT / ".local/mutants"
MODULES = {
    "gate": ("shared/gate.py", ("tests/shared/test_gate_machine.py",)),
    "progress": ("shared/progress.py", ("tests/shared/test_consumer.py", "tests/shared/test_parking.py")),
    "consumer": (
        "shared/consumer.py",
        ("tests/shared/test_consumer.py", "tests/shared/test_parking.py", "tests/shared/test_stall.py", "tests/shared/test_unkeepable.py"),
    ),
    "silence": ("shared/silence.py", ("tests/shared/test_silence.py",)),
    "outbox": ("shared/outbox.py", ("tests/shared/test_outbox.py",)),
    "relay": ("shared/relay.py", ("tests/shared/test_relay.py", "tests/shared/test_outbox.py", "tests/shared/test_replay.py")),
    "allocation": ("inventory/allocation.py", ("tests/inventory/test_allocation.py",)),
    "lifecycle": ("order_intake/lifecycle.py", ("tests/order_intake/test_lifecycle.py", "tests/order_intake/test_interleaving.py")),
    "quantities": ("order_intake/quantities.py", ("tests/order_intake/test_fulfilment.py", "tests/order_intake/test_interleaving.py")),
}
"""What is changed, and the tests that are to notice."""


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(MODULES), choices=[*MODULES, []], help="all, where none is named")
    parser.add_argument("--minutes", type=int, default=15, help="at most, for each module")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with _common_postgres() as postgres:
        return max(_mutate(name, chosen.minutes * 60, postgres) for name in chosen.modules)


@contextmanager
def _common_postgres() -> Iterator[Path]:
    """One for the tests of all mutants: none starts a server of its own, and none leaves one behind."""
    with tempfile.TemporaryDirectory(prefix="lsc-mutants-") as folder:
        server = Postgres(Path(folder), fsync=False)
        try:
            server.start()
            yield server.folder
        finally:
            server.wipe()


def _mutate(name: str, seconds: int, postgres: Path) -> int:
    """Prints the counts and each survivor as a difference; 1 where there is one."""
    module, tests = MODULES[name]
    _lay_out(module, tests)
    run = uuid4().hex
    environment = os.environ | {"COLUMNS": "200", "LSC_COMMON_POSTGRES": str(postgres), NAMED_BY: run}
    mutmut = [str(Path(sys.executable).with_name("mutmut"))]
    try:
        with (SCRATCH / "run.log").open("w") as log:
            ran = ["timeout", str(seconds), *mutmut, "run", "--max-children", "2"]
            subprocess.run(ran, cwd=SCRATCH, env=environment, stdout=log, stderr=log, check=False)
    finally:
        end_remains(run)
    said = subprocess.run([*mutmut, "results", "--all", "True"], cwd=SCRATCH, env=environment, capture_output=True, text=True, check=False)
    verdicts = dict(line.strip().split(": ") for line in said.stdout.splitlines() if line.strip().startswith(module[:-3].replace("/", ".")))
    print(f"{name}: " + (", ".join(_counts(verdicts)) or f"nothing was tried, see {SCRATCH / 'run.log'}"))
    survivors = [mutant for mutant, verdict in verdicts.items() if verdict == "survived"]
    for mutant in survivors:
        subprocess.run([*mutmut, "show", mutant], cwd=SCRATCH, env=environment, check=False)
    return int(bool(survivors) or not verdicts)


def _counts(verdicts: dict[str, str]) -> list[str]:
    found = list(verdicts.values())
    return [f"{found.count(verdict)} {verdict}" for verdict in sorted(set(found))]


def _lay_out(module: str, tests: tuple[str, ...]) -> None:
    """All packages below one src/, where mutmut looks for them."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    for source in (ROOT / "shared/src", *(ROOT / "services").glob("*/src")):
        shutil.copytree(source, SCRATCH / "src", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for folder in ("tests", "deploy", "docs"):
        shutil.copytree(ROOT / folder, SCRATCH / folder, ignore=shutil.ignore_patterns("__pycache__"))
    config = [
        "[tool.mutmut]",
        'source_paths = ["src"]',
        f'only_mutate = ["src/{module}"]',
        f"pytest_add_cli_args_test_selection = {list(tests)}",
        'pytest_add_cli_args = ["-p", "no:randomly", "-x", "-q", "--timeout=15"]',
        'also_copy = ["deploy", "docs"]',
    ]
    (SCRATCH / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text() + "\n" + "\n".join(config) + "\n")


if __name__ == "__main__":
    sys.exit(main())
