"""What can be proven of docker-compose.yml without an engine."""

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

import asyncpg
import pytest
import yaml
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings
from shared.main import WORKER_PORT, _parser
from shared.service import Service as Application
from shared.settings import Settings

from deploy.local.postgres import Postgres
from deploy.local.postgres_settings import SERVICE_SQL
from deploy.local.services import SERVICES, Service

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "deploy/Dockerfile"
PACKAGES = {service.package for service in SERVICES}

Container = Mapping[str, object]


def containers() -> dict[str, Container]:
    found: dict[str, Container] = yaml.safe_load(FILE.read_text())["services"]
    return found


def words(value: object) -> list[str]:
    return [str(word) for word in cast("list[object]", value or [])]


def environment(container: Container) -> dict[str, str]:
    given = cast("Mapping[str, object]", container.get("environment", {}))
    return {name: str(value) for name, value in given.items()}


def ours() -> dict[str, Container]:
    return {name: container for name, container in containers().items() if "build" in container}


def python_calls() -> Iterator[tuple[str, list[str]]]:
    """Every `python -m module arguments` of a container of ours."""
    for container in ours().values():
        command = words(container["command"])
        lines = command[2].splitlines() if command[:2] == ["sh", "-ec"] else [shlex.join(command)]
        for line in lines:
            python, option, module, *arguments = shlex.split(line)
            assert (python, option) == ("python", "-m")
            yield module, arguments


def application(package: str) -> Application:
    found: Application = import_module(f"{package}.app").SERVICE
    return found


def variables(settings: type[BaseSettings]) -> set[str]:
    prefix = settings.model_config["env_prefix"]

    def name(field: str, info: FieldInfo) -> str:
        return str(info.validation_alias or f"{prefix}{field}".upper())

    return {name(field, info) for field, info in settings.model_fields.items()}


def read_by_the_code() -> set[str]:
    """Variables of every settings class that shared or a service declares."""
    for package in PACKAGES:
        import_module(f"{package}.settings")
    found: set[type[BaseSettings]] = {Settings}
    waiting: list[type[BaseSettings]] = [BaseSettings]
    while waiting:
        subclasses = waiting.pop().__subclasses__()
        waiting += subclasses
        found |= {each for each in subclasses if each.__module__.split(".")[0] in PACKAGES | {"shared"}}
    return set().union(*(variables(each) for each in found))


def test_every_command_is_one_the_module_understands() -> None:
    calls = list(python_calls())

    assert [module for module, arguments in calls if arguments == ["migrate"]] == [service.package for service in SERVICES]
    assert ("shared", ["topics"]) in calls
    for module, arguments in calls:
        assert import_module(f"{module}.__main__")
        if module != "shared":
            parsed = _parser(application(module)).parse_args(arguments)
            assert parsed.command == "migrate" or parsed.only in {"api", "worker"}


def test_every_service_has_an_api_and_a_worker() -> None:
    roles = {(module, arguments[1]) for module, arguments in python_calls() if arguments[0] == "--only"}

    assert roles == {(package, role) for package in PACKAGES for role in ("api", "worker")}
    assert {f"{service.name}-{role}" for service in SERVICES for role in ("api", "worker")} <= set(containers())


def test_every_variable_of_ours_is_one_the_code_reads() -> None:
    given = {name for container in ours().values() for name in environment(container)}
    in_image = set(re.findall(r"\b(LSC_\w+)=", DOCKERFILE.read_text()))

    assert given | in_image <= read_by_the_code()
    assert {"DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "LSC_OPERATOR_KEY"} <= given


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
@pytest.mark.parametrize("role", ["api", "worker"])
def test_ports_are_those_of_the_settings(service: Service, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/{database}")
    monkeypatch.delenv("LSC_PORT", raising=False)
    port = application(service.package).settings().port + (WORKER_PORT if role == "worker" else 0)
    container = containers()[f"{service.name}-{role}"]

    assert words(container["ports"]) == [f"127.0.0.1:{port}:{port}"]
    assert f"127.0.0.1:{port}/readyz" in str(container["healthcheck"])


def test_the_readme_names_the_same_ports() -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("there is no README yet")
    published = {words(container["ports"])[0].split(":")[1] for name, container in ours().items() if name.endswith("-api")}

    assert {port for port in published if port not in readme.read_text()} == set()


def test_images_are_pinned_to_exact_versions() -> None:
    images = [str(container["image"]) for container in containers().values()] + re.findall(
        r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE
    )

    assert [image for image in images if not re.search(r":\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image)] == []


def test_kafka_is_the_version_and_has_the_settings_of_the_embedded_one() -> None:
    pom = (ROOT / "deploy/kafka/pom.xml").read_text()
    version = re.search(r"<artifactId>kafka_2.13</artifactId>\s*<version>([\d.]+)<", pom)
    kafka = containers()["kafka"]
    assert version
    assert kafka["image"] == f"apache/kafka:{version[1]}"

    given = environment(kafka)
    lines = (ROOT / "deploy/kafka/server.properties").read_text().splitlines()
    embedded = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    both = {name: (given[variable], value) for name, value in embedded.items() if (variable := _variable(name)) in given}
    machine = {"listeners", "advertised.listeners", "log.dirs"}

    assert {name for name, (here, there) in both.items() if here != there} == machine
    assert {"auto.create.topics.enable", "log.retention.ms", "num.partitions"} <= set(both)


def _variable(setting: str) -> str:
    return "KAFKA_" + setting.upper().replace(".", "_")


def test_every_container_that_is_waited_for_exists_and_can_say_that_it_is_healthy() -> None:
    for container in containers().values():
        waited = cast("Mapping[str, Mapping[str, str]]", container.get("depends_on", {}))
        assert set(waited) <= set(containers())
        healthy = [name for name, how in waited.items() if how["condition"] == "service_healthy"]
        assert all("healthcheck" in containers()[name] for name in healthy)


def test_every_volume_is_declared_and_every_mounted_folder_exists() -> None:
    declared = set(yaml.safe_load(FILE.read_text())["volumes"])
    mounts = [mount.split(":")[0] for container in containers().values() for mount in words(container.get("volumes"))]

    assert {mount for mount in mounts if not mount.startswith(".")} == declared
    assert all((ROOT / mount).exists() for mount in mounts if mount.startswith("."))


def test_the_image_runs_as_an_ordinary_user_and_finds_every_package() -> None:
    dockerfile = DOCKERFILE.read_text()

    assert re.findall(r"^USER (\w+)", dockerfile, re.MULTILINE) == ["lsc"]
    found = re.search(r"PYTHONPATH=(\S+)", dockerfile)
    assert found
    folders = [Path(folder).relative_to("/app") for folder in found[1].split(":")]
    assert {str(folder) for folder in folders} == {"shared/src", *(f"services/{service.name}/src" for service in SERVICES)}
    assert all((ROOT / folder).is_dir() for folder in folders)
    assert re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE) == ["requirements.txt", "shared", "services"]


def test_no_layer_of_the_image_holds_a_secret() -> None:
    dockerfile = DOCKERFILE.read_text()
    ignored = (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()

    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == {"requirements.txt", "shared", "services"}
    assert not re.search(r"^ARG|LSC_OPERATOR|PASSWORD|SECRET|TOKEN|://", dockerfile, re.MULTILINE | re.IGNORECASE)


def test_no_container_gains_privileges_and_ours_write_nothing_but_their_scratch_folder() -> None:
    for name, container in containers().items():
        assert words(container["cap_drop"]) == ["ALL"], name
        assert words(container["security_opt"]) == ["no-new-privileges:true"], name
        assert not container.keys() & {"privileged", "network_mode", "pid", "devices", "user"}, name
    for name, container in ours().items():
        assert container["read_only"] is True, name
        assert not container.keys() & {"cap_add", "volumes"}, name
        assert [mount.split(":")[0] for mount in words(container["tmpfs"])] == ["/tmp"], name  # noqa: S108 - inside a container
    assert all(mount.endswith(":ro") for container in containers().values() for mount in words(container.get("volumes")) if mount[0] == ".")


def test_no_secret_has_a_default() -> None:
    """Whoever starts it without choosing is told to choose."""
    named = re.findall(r"\$\{(\w*(?:PASSWORD|KEY)\w*)(:?[-?]?)", FILE.read_text())

    assert {name for name, _ in named} >= {"LSC_DATABASE_PASSWORD", "LSC_OPERATOR_KEY", "LSC_MASTER_KEY"}
    assert {name for name, how in named if how != ":?"} <= {"LSC_MASTER_KEYS_FORMER"}


async def test_the_first_start_of_postgres_makes_a_database_and_a_login_for_each_service(tmp_path: Path) -> None:
    """The script of the image, run by the embedded server's own psql."""
    server = Postgres(tmp_path / "postgres", fsync=False)
    server.start()
    sql = server._home / "service.psql"
    shutil.copyfile(SERVICE_SQL, sql)
    sql.chmod(0o644)
    given = [f"PATH={server._programs}:{os.environ['PATH']}", f"SERVICE_SQL={sql}", f"PGHOST={server._socket}", f"PGPORT={server.port}"]
    script = (ROOT / "deploy/postgres/10-databases.sh").read_text()

    done = server._account.run("env", *given, "POSTGRES_USER=postgres", "LSC_DATABASE_PASSWORD=a1", "sh", "-s", input=script)

    assert (done.returncode, done.stderr) == (0, "")
    connection = await asyncpg.connect(server.url("postgres"))
    owned = await connection.fetch(
        "SELECT datname, pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = ANY($1)", list(PACKAGES)
    )
    assert {(row["datname"], row["owner"]) for row in owned} == {(package, f"{package}_owner") for package in PACKAGES}
    enters = "has_database_privilege('kpi', 'kpi', 'CONNECT'), has_database_privilege('kpi', 'crm', 'CONNECT')"
    rights = f"SELECT rolsuper, rolbypassrls, rolinherit, {enters} FROM pg_roles WHERE rolname = 'kpi'"
    assert tuple(await connection.fetchrow(rights) or ()) == (False, False, False, True, False)
    await connection.close()
    server.wipe()
