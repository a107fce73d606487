"""The labels of a corpus against what we find: EDI_CORPUS names a folder with INDEX.json, else the samples of this folder are read.

A label is `name`, `name=value` or `name:what`, sometimes with ` xN`; `LABELS` says which rules of ours answer for it; for a label
that it does not know any fault that is more than a remark."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from order_intake.edi import Outcome, Transmission, Weight, judge, read, releases, rewritten
from order_intake.edi.reports import report

from tests.order_intake.edi.documents import SAMPLES
from tests.order_intake.edi.labels import LABELS, WRONG_BODIES, named

CORPUS = Path(os.environ.get("EDI_CORPUS") or SAMPLES)
FILES = CORPUS / "samples" if (CORPUS / "samples").is_dir() else CORPUS
ENTRIES: list[dict[str, Any]] = json.loads((CORPUS / "INDEX.json").read_text())


def entries(*classes: str) -> list[Any]:
    return [pytest.param(each, id=each["file"]) for each in ENTRIES if each["cls"] in classes]


@cache
def transmission(file: str) -> Transmission:
    return read((FILES / file).read_bytes())


@pytest.mark.parametrize("entry", entries("clean", "artefact-only"))
def test_clean_envelopes_are_accepted_and_written_back_as_they_were(entry: dict[str, Any]) -> None:
    found = transmission(entry["file"])

    assert report(entry["file"], found)["envelope_accepted"], [each.text for each in found.all_faults]
    assert b"".join(map(rewritten, found.interchanges)) == found.data[found.interchanges[0].offset :]


@pytest.mark.parametrize("entry", entries("envelope-fault", "artefact-only"))
def test_every_labelled_fault_is_reported(entry: dict[str, Any]) -> None:
    found = transmission(entry["file"])
    rules = {each.rule.name for each in found.all_faults}

    serious = {each.rule.name for each in found.all_faults if each.weight is not Weight.REMARK}
    labels = [label for label in entry["faults"] if entry["cls"] == "envelope-fault" or named(label) in LABELS]
    unanswered = [label for label in labels if not rules & LABELS.get(named(label), serious)]

    assert not unanswered, (unanswered, rules)
    assert found.accepted is (entry["cls"] == "artefact-only")


@pytest.mark.parametrize("entry", entries("unreadable-or-no-message", "fragment"))
def test_what_is_no_whole_interchange_is_refused(entry: dict[str, Any]) -> None:
    found = transmission(entry["file"])

    assert not found.accepted
    assert not any(judge(interchange).accepted for interchange in found.interchanges)


@pytest.mark.parametrize("entry", entries("clean", "artefact-only", "envelope-fault", "fragment", "unreadable-or-no-message"))
def test_bodies_that_are_ours_are_judged_as_labelled(entry: dict[str, Any]) -> None:
    messages = report(entry["file"], transmission(entry["file"]))["messages"]
    labelled = [each for each in entry["body"] if each["type"] != "?"]
    if len(messages) != len(labelled) or any(WRONG_BODIES & {named(label)} for label in entry["faults"]):
        return

    for found, label in zip(messages, labelled, strict=True):
        if label["faults"] is not None and (label["type"], label["version"]) in releases():
            assert found["body_accepted"] is (not label["faults"]), (label, found)


def test_the_corpus_has_every_class() -> None:
    assert {each["cls"] for each in ENTRIES} >= {"clean", "artefact-only", "envelope-fault", "unreadable-or-no-message"}


def test_no_answer_to_a_corpus_file_is_refused_by_our_own_check() -> None:
    from datetime import datetime

    from order_intake.edi import reply_bytes

    for entry in ENTRIES:
        for interchange in transmission(entry["file"]).interchanges:
            written = reply_bytes(judge(interchange), "17", datetime(2026, 1, 15, 9, 30))  # noqa: DTZ001 - an envelope knows no zone
            if written is not None:
                again = read(written)
                assert again.all_faults == (), entry["file"]
                assert all(each.outcome is Outcome.ACCEPTED for each in judge(again.interchanges[0]).messages), entry["file"]


def test_every_label_has_its_rules() -> None:
    labels = {named(label) for entry in ENTRIES for label in entry["faults"]}

    assert CORPUS != SAMPLES or labels <= set(LABELS), labels - set(LABELS)
    assert all(re.fullmatch(r"[A-Za-z0-9-]+", label) for label in labels)
