"""What CRASH_AT asks for is done to the process that has it, at the time that it says."""

import os
import subprocess
import sys

import pytest
from shared.crash import counts_of

TO_FIVE = """
from shared.crash import crash_point
from shared.settings import Settings
from shared.starting import read_settings
read_settings(Settings)
for number in range(1, 6):
    crash_point("relay.deleted")
    crash_point("relay.read")
    print(number)
"""


def run(crash_at: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATABASE_URL": "postgresql://127.0.0.1/none", "CRASH_AT": crash_at, "PYTHONUNBUFFERED": "1"}
    return subprocess.run([sys.executable, "-c", TO_FIVE], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("crash_at", "code", "reached"),
    [("relay.read:3", -9, 2), ("api.committed,relay.read", -9, 0), ("relay.read:6", 0, 5), ("", 0, 5)],
)
def test_the_process_kills_itself_at_the_time_that_is_named(crash_at: str, code: int, reached: int) -> None:
    done = run(crash_at)

    assert (done.returncode, done.stdout.split()) == (code, [str(number) for number in range(1, reached + 1)])
    assert ("kills itself at" in done.stderr) == bool(crash_at)


def test_a_place_that_is_written_wrongly_is_refused_at_the_start() -> None:
    done = run("relay.read:0")

    assert done.returncode == 2
    assert "CRASH_AT: is written like relay.read:3" in done.stderr


def test_places_are_read_with_their_numbers() -> None:
    assert counts_of("relay.read:3, api.committed") == {"relay.read": 3, "api.committed": 1}
    assert counts_of("") == {}
