"""What we install: locked with hashes, told in a bill of materials, asked for in an index of advisories."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files as resources
from pathlib import Path
from zipfile import ZipFile

import jsonschema_rs
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy import audit, sbom
from deploy.lock import DEV, ROOT, RUN, pins
from tests.docs.texts import files

SICK = "structlog"


def test_every_locked_package_has_one_version_and_the_hashes_of_its_wheels() -> None:
    both = pins(RUN) | pins(DEV)

    assert len(both) > 60
    assert set(pins(RUN)).isdisjoint(pins(DEV))
    assert sum((ROOT / file).read_text().count("==") for file in (RUN, DEV)) == sum(pin.count("==") for pin in both.values())
    assert [name for name, pin in both.items() if not re.search(r"^ +--hash=sha256:[0-9a-f]{64}( \\)?$", pin, re.MULTILINE)] == []
    for file in (RUN, DEV):
        rest = re.sub(r"^([\w.-]+)==(?:.*\\\n)*.*\n", "", (ROOT / file).read_text(), flags=re.MULTILINE)
        assert set(rest.splitlines()[1:]) <= {f"-r {RUN}"}
        assert not re.search(r"://|--(extra-)?index|--find-links|@ ", (ROOT / file).read_text())


@pytest.mark.parametrize(("named", "locked"), [("requirements.in", RUN), ("requirements-dev.in", DEV)])
def test_everything_that_is_named_is_locked(named: str, locked: str) -> None:
    lines = [line for line in (ROOT / named).read_text().splitlines() if line and not line.startswith("#")]

    assert {canonicalize_name(Requirement(line).name) for line in lines} <= set(pins(RUN)) | set(pins(locked))


def test_whoever_installs_asks_for_hashes_and_for_wheels() -> None:
    scripts = [name for name in files() if re.search(r"(^|/)(Makefile|Dockerfile|run|.*\.(sh|ya?ml))$", name)]
    lines = [(name, line) for name in scripts for line in (ROOT / name).read_text().splitlines() if "pip install" in line]

    assert {name for name, _ in lines} >= {"Makefile", "deploy/Dockerfile"}
    for name, line in lines:
        ours = "--no-deps" in line and "--no-build-isolation" in line and " -r " not in line
        assert ours or "--require-hashes --only-binary :all:" in line, f"{name}: {line}"


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path) -> None:
    """Without a network: the wheel is of our own making, the lock says another hash."""
    wheel = tmp_path / "lsc_probe-1.0-py3-none-any.whl"
    _write_wheel(wheel)
    lock = tmp_path / "lock.txt"
    lock.write_text(f"lsc-probe==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    command = ["-m", "pip", "install", "--require-hashes", "--only-binary", ":all:", "--no-index", "--find-links", str(tmp_path)]

    refused = subprocess.run(
        [sys.executable, *command, "--target", str(tmp_path / "to"), "-r", str(lock)], capture_output=True, text=True, check=False
    )

    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert not (tmp_path / "to").exists()


def test_the_bill_of_materials_is_whole_and_of_the_standard_form() -> None:
    told = json.loads(sbom.text(sbom.bill()))
    schemas = resources("cyclonedx.schema") / "_res"
    found = {name: json.loads((schemas / f"{name}.SNAPSHOT.schema.json").read_text()) for name in ("bom-1.6", "spdx", "jsf-0.82")}
    registry = jsonschema_rs.Registry(
        [(f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", schema) for name, schema in found.items()]
    )

    jsonschema_rs.validator_for(found["bom-1.6"], registry=registry).validate(told)

    libraries = {each["name"]: each for each in told["components"] if each["type"] == "library"}
    assert set(libraries) == set(pins(RUN)) | set(pins(DEV))
    assert {name for name, each in libraries.items() if each["scope"] == "required"} == set(pins(RUN))
    assert all(each["externalReferences"][0]["hashes"] for each in libraries.values())
    needs = {each["ref"]: each.get("dependsOn", []) for each in told["dependencies"]}
    assert libraries["fastapi"]["purl"] in needs["lsc-shared"]
    assert libraries["starlette"]["purl"] in needs[libraries["fastapi"]["purl"]]


class Advisories(BaseHTTPRequestHandler):
    """An index that speaks OSV and knows of one sick package."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = asked["package"]["name"]
        affected = {"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "99.1"}]}]}
        body = json.dumps({"vulns": [{"id": "LSC-1", "affected": [affected]}]} if name == SICK else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    server.server_close()


def test_an_advisory_about_a_locked_package_fails_the_audit(
    index: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = audit.main(["--osv-url", index])
    told = capsys.readouterr().err
    monkeypatch.setattr(audit, "ACCEPTED", {"LSC-1": "of the test"})
    accepted = audit.main(["--osv-url", index])

    assert (code, accepted) == (1, 0)
    assert re.search(rf"VULNERABLE:\n  {SICK} \S+: LSC-1, repaired in 99.1", told)
    assert f"No known vulnerability in {len(audit.locked_here())} locked packages (osv)." in capsys.readouterr().out


@pytest.mark.parametrize("required", [False, True])
def test_an_audit_that_nobody_answers_says_so_and_fails_where_it_is_required(
    required: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSC_AUDIT_REQUIRED", str(int(required)))

    code = audit.main(["--osv-url", "http://127.0.0.1:1/"])

    said = capsys.readouterr()
    assert code == int(required)
    assert "NOT AUDITED" in said.out + said.err


def test_an_index_that_knows_only_some_packages_is_not_taken_for_an_audit() -> None:
    """pip-audit itself says `No known vulnerabilities found` then."""
    said = {"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}]}

    answer = audit.read("pypi", json.dumps(said))

    assert audit.verdict([answer], {"a", "b"}, required=True)[0] == 1
    assert audit.verdict([answer], {"a"}, required=True) == (0, "No known vulnerability in 1 locked packages (pypi).")


def _write_wheel(file: Path) -> None:
    folder = "lsc_probe-1.0.dist-info"
    with ZipFile(file, "w") as wheel:
        wheel.writestr("lsc_probe.py", "")
        wheel.writestr(f"{folder}/METADATA", "Metadata-Version: 2.1\nName: lsc-probe\nVersion: 1.0\n")
        wheel.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{folder}/RECORD", "")
