"""What the texts name exists: links, files, commands, targets, ports, variables, figures, topics, words."""

import re
import shlex
from importlib.util import find_spec

import pytest
from kpi.definitions import KPIS
from pydantic_settings import BaseSettings
from shared.events import OWNERS
from shared.main import WORKER_PORT, _parser
from shared.observability import api_metrics, worker_metrics

from tests.docs.texts import ROOT, SERVICES, Text, files, service, table_rows, text, texts, written

each_text = pytest.mark.parametrize("page", texts(), ids=[str(page.path.relative_to(ROOT)) for page in texts()])
each_written = pytest.mark.parametrize("page", written(), ids=[str(page.path.relative_to(ROOT)) for page in written()])
PLACEHOLDER = re.compile(r"[<>*…]|^\.local/|NNNN")


@each_text
def test_links_lead_somewhere(page: Text) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.prose)
    for file, _, anchor in (link.partition("#") for link in links if "://" not in link):
        found = (page.path.parent / file) if file else page.path
        assert found.exists(), file
        assert not anchor or anchor in text(found).anchors, f"{file}#{anchor}"


@each_written
def test_files_are_there(page: Text) -> None:
    everything = [f"/{name}" for name in files()]
    named = [word for word in page.quoted if re.fullmatch(r"[\w./-]+\.(py|md|json|ya?ml|xml|txt|in|sh)|[\w.-]+/[\w./-]*/", word)]
    for name in (word for word in named if not PLACEHOLDER.search(word)):
        assert any(file.endswith(f"/{name}") or (f"/{name}" in file and name.endswith("/")) for file in everything), name


@each_written
def test_make_targets_are_there(page: Text) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    lines = [*page.quoted, *(line for block in page.blocks("sh") for line in block.splitlines())]

    named = {match[1] for line in lines if (match := re.match(r"make(?: [A-Z]+=\S+)* ([a-z]+)", line))}

    assert named <= targets


@each_written
def test_commands_are_understood(page: Text) -> None:
    """In a block of commands to the last word; in a sentence the module at least."""
    for line in (line for block in page.blocks("sh") for line in block.splitlines()):
        module, *arguments = shlex.split(line.partition("python -m ")[2], comments=True) or [""]
        if module in SERVICES.values():
            _parser(service(module.replace("_", "-"))).parse_args(arguments)
    for module in re.findall(r"python -m ([\w.]*\w)", page.content):
        assert find_spec(module), module


def test_ports_are_those_of_the_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/{database}")
    monkeypatch.delenv("LSC_PORT", raising=False)
    said = {row[0].partition("]")[0].strip("["): (int(row[1]), int(row[2])) for row in table_rows(text("README.md").content, "service")}

    assert said == {name: (port, port + WORKER_PORT) for name in SERVICES for port in [service(name).settings().port]}


def test_the_variables_are_all_those_that_the_code_reads() -> None:
    for name in SERVICES:
        service(name)
    read: set[str] = set()
    waiting: list[type[BaseSettings]] = BaseSettings.__subclasses__()
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.__module__.split(".")[0] in {"shared", *SERVICES.values()}:
            prefix = one.model_config["env_prefix"]
            read |= {str(field.validation_alias or f"{prefix}{name}".upper()) for name, field in one.model_fields.items()}

    said = {word for row in table_rows(text("docs/architecture.md").content, "variable") for word in re.findall(r"`([A-Z_]+)`", row[0])}

    assert said == read


def test_the_figures_to_watch_are_measured() -> None:
    for name in SERVICES:
        service(name)
    shown = (api_metrics() + worker_metrics()).decode()
    measured = {line.split()[2] for line in shown.splitlines() if line.startswith("# TYPE")}

    said = set(re.findall(r"`(lsc_\w+)`", text("docs/operations.md").content))

    assert len(said) > 10
    assert said <= measured


def test_topics_belong_to_those_who_are_said_to_own_and_hear_them() -> None:
    rows = {row[0]: row for row in table_rows(text("docs/architecture.md").content, "service") if len(row) == 4}

    assert set(rows) == set(SERVICES)
    for name, (_, _, says, hears) in rows.items():
        heard = set(OWNERS) if hears.startswith("all") else set(re.findall(r"`(\w+)`", hears))
        assert set(re.findall(r"`(\w+)`", says)) == {topic for topic, owner in OWNERS.items() if owner == name}
        assert heard == set(service(name).handlers.topics)


def test_the_glossary_calls_the_kpis_by_their_names() -> None:
    rows = {row[2].split("`")[1]: row[1] for row in table_rows(text("docs/architecture.md").content, "word") if row[2].startswith("`")}

    assert rows == {kpi.name: kpi.name_zh for kpi in KPIS.values()}


def test_every_library_has_its_reason() -> None:
    page = text("docs/decisions/0002-libraries.md").content
    named = {name for heading in ("to run", "to develop") for row in table_rows(page, heading) for name in row[0].split(", ")}
    wanted = [line for file in ("requirements.in", "requirements-dev.in") for line in (ROOT / file).read_text().splitlines()]

    assert named == {line for line in wanted if line and not line.startswith("#")}


def test_every_decision_is_listed_and_short() -> None:
    records = sorted((ROOT / "docs/decisions").glob("*.md"))
    index = records[0].read_text()

    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for record in records:
        content = record.read_text()
        assert all(f"**{part}.**" in content for part in ("Context", "Decision", "Consequences"))
        assert len(content.splitlines()) < 50
        assert record == records[0] or f"({record.name})" in index
