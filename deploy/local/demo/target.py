"""Where the running system is: addresses, key, databases, bus."""

from collections.abc import Mapping
from importlib import import_module
from typing import Self

from shared.service import Service
from shared.settings import Settings

from deploy.local.services import FIRST_PORT, SERVICES


class Target(Settings):
    """Read as the services read it: the environment, else what the embedded stack wrote. `ports` is that of the first service's API."""

    ports: int = FIRST_PORT

    @classmethod
    def of(cls, stack: Mapping[str, str | None], ports: int = FIRST_PORT) -> Self:
        """The system that wrote this stack.env, whatever the environment says."""
        return cls.model_validate(
            {
                "DATABASE_URL": stack["DATABASE_URL"],
                "KAFKA_BOOTSTRAP_SERVERS": stack.get("KAFKA_BOOTSTRAP_SERVERS"),
                "log_url": stack.get("LSC_LOG_URL"),
                "operator_key": stack["LSC_OPERATOR_KEY"],
                "ports": ports,
            }
        )

    def url(self, service: str) -> str:
        return f"http://{self.host}:{self.ports + [each.name for each in SERVICES].index(service)}"

    @property
    def key(self) -> str:
        if self.operator_key is None:
            raise SystemExit("Set LSC_OPERATOR_KEY to the operator key of the running services.")
        return self.operator_key.get_secret_value()

    @property
    def packages(self) -> list[str]:
        return [service.package for service in SERVICES]


def subscriptions(target: Target) -> dict[str, list[str]]:
    """The topics that each package's service has to hear, by its own list."""
    apps: dict[str, Service] = {package: import_module(f"{package}.app").SERVICE for package in target.packages}
    return {package: [str(topic) for topic in service.handlers.topics] for package, service in apps.items()}
