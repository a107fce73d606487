import os
import subprocess
import sys
from pathlib import Path

import pytest
from shared.settings import Settings
from shared.worker import run

from tests.shared.shop import Shop


def test_a_worker_without_its_database_says_so_and_ends_as_unavailable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(Shop().service(), Settings(DATABASE_URL="postgresql://127.0.0.1:1/things"))

    assert ended.value.code == os.EX_UNAVAILABLE
    assert "worker.cannot_start" in capsys.readouterr().out


def test_an_address_that_cannot_be_right_is_no_database_that_is_away() -> None:
    with pytest.raises(ValueError, match="sslmode"):
        run(Shop().service(), Settings(DATABASE_URL="postgresql://127.0.0.1:1/things?sslmode=nonsense"))


def test_who_ends_first_says_what_both_end_with(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_text('#!/bin/sh\n[ "$4" = worker ] && exit 69\nexec sleep 60\n')
    part.chmod(0o755)
    both = "import sys; from shared.main import _run_both; from tests.shared.shop import Shop; sys.executable = sys.argv[1]; "

    done = subprocess.run([sys.executable, "-c", f"{both}_run_both(Shop().service())", str(part)], check=False, timeout=60)

    assert done.returncode == os.EX_UNAVAILABLE
