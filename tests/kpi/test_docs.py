from pathlib import Path

import pytest
from kpi.definitions import KPIS
from kpi.docs import PAGE, main, text


def test_the_page_names_every_kpi_with_its_formula() -> None:
    page = text()

    for kpi in KPIS.values():
        for part in (f"## {kpi.name}\n", kpi.name_zh, kpi.question, kpi.words.numerator, kpi.words.denominator, kpi.numerator, kpi.counted):
            assert part in page


def test_a_stale_page_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    PAGE.parent.mkdir()

    main([])
    main(["--check"])
    PAGE.write_text(PAGE.read_text(encoding="utf-8") + "stale", encoding="utf-8")

    with pytest.raises(SystemExit, match="not current"):
        main(["--check"])
