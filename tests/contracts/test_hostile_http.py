"""Generated requests, right and wrong ones, against each running service: no 500, and every answer is as OpenAPI says."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from deploy.local.ports import free_port
from tests.conftest import OPERATOR_KEY, PACKAGES

SECONDS = 5
ROOT = Path(__file__).parents[2]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth"


@contextmanager
def running(package: str, url: str, folder: Path) -> Iterator[str]:
    port = free_port()
    environment = os.environ | {"DATABASE_URL": url, "LSC_OPERATOR_KEY": OPERATOR_KEY, "LSC_PORT": str(port), "LSC_DOCS": "true"}
    with (folder / "api.log").open("wb") as log:
        api = subprocess.Popen([sys.executable, "-m", package, "--only", "api"], env=environment, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/readyz")
            yield f"http://127.0.0.1:{port}"
        finally:
            api.terminate()
            api.wait()


def _wait(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("package", PACKAGES)
def test_generated_requests_find_nothing(package: str, database_of: Callable[[str], str], tmp_path: Path) -> None:
    with running(package, database_of(package), tmp_path) as address:
        words = ["run", f"{address}/openapi.json", "--header", f"Authorization: Bearer {OPERATOR_KEY}", "--checks", CHECKS]
        words += [
            "--max-time",
            str(SECONDS),
            "--max-examples",
            "20",
            "--phases",
            "examples,coverage,fuzzing",
            "--no-shrink",
            "--warnings",
            "off",
        ]
        done = subprocess.run(
            [Path(sys.executable).parent / "schemathesis", *words, "--suppress-health-check", "all", "--no-color"],
            cwd=tmp_path,
            env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.contracts.edi_bodies", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
    assert '"level": "error"' not in (tmp_path / "api.log").read_text()
