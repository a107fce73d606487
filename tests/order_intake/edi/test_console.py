"""The command line: what it prints, and never as it came."""

import json
from pathlib import Path

import pytest
from order_intake.edi.__main__ import main

from tests.order_intake.edi.documents import SAMPLES, x12


def test_show_prints_segments_with_names_and_faults_in_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(SAMPLES / "940-long.edi")]) == 0

    printed = capsys.readouterr().out.splitlines()
    at = next(n for n, line in enumerate(printed) if "N4 (place) RENO | NEVADA" in line)
    assert "✗ element-long [5/39] at byte" in printed[at + 1]
    assert "940 0001 (004010 warehouse shipping order): refused" in printed[2]


def test_foreign_text_is_shown_and_not_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "evil.edi"
    file.write_bytes(x12("BEG*00*SA*\x1b[2J\x07\u202e**20260115~PO1*1*1*EA~"))

    main(["show", str(file)])
    main(["check", str(file)])

    printed = capsys.readouterr().out
    assert r"\x1b[2J\x07" in printed
    assert not set(printed) & set("\x1b\x07\u202e")


def test_check_says_of_every_file_of_a_folder_what_becomes_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(SAMPLES)]) == 1

    reports = {Path(each["file"]).name: each for each in json.loads(capsys.readouterr().out)}
    assert set(reports) == {each.name for each in SAMPLES.glob("*.edi")}
    assert reports["850.edi"] == {
        "file": str(SAMPLES / "850.edi"),
        "envelope_accepted": True,
        "messages": [
            {
                "type": "850", "release": "004010", "reference": "0001", "outcome": "accepted", "accepted": True,
                "envelope_accepted": True, "body_accepted": True,
            }
        ],
        "faults": [],
    }  # fmt: skip
    assert reports["810.edi"]["messages"][0]["body_accepted"] is None
    assert not reports["850-count.edi"]["envelope_accepted"]
    [fault] = reports["940-long.edi"]["faults"]
    assert (fault["rule"], fault["x12"], fault["edifact"], fault["segment"], fault["position"], fault["element"], fault["value"]) == (
        "element-long", "5", "39", "N4", 5, 2, "NEVADA",
    )  # fmt: skip


def test_check_ends_with_0_only_when_all_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(SAMPLES / "850.edi"), str(SAMPLES / "orders.edi")]) == 0
    assert main(["check", str(SAMPLES / "850.edi"), str(SAMPLES / "940-long.edi")]) == 1
    assert main(["check", str(SAMPLES / "nothing.edi")]) == 2
    assert "nothing.edi" in capsys.readouterr().err
