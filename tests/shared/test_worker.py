import os

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
