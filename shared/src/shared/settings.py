import re
import socket
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.secrets import HOW, weak_database, weak_key

STACK_FILE = ".local/stack.env"
"""Written by the embedded stack; read where the environment says nothing."""

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: object) -> object:
    """90s, 1500ms, 24h or 7d as a timedelta; anything else is left to pydantic."""
    match = re.fullmatch(r"(\d+)(ms|s|m|h|d)", str(text).strip())
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]]) if match else text


Duration = Annotated[timedelta, BeforeValidator(duration), Field(ge=timedelta(0), le=timedelta(days=3660))]


class Settings(BaseSettings):
    """What every service reads from its environment; a service adds its own below."""

    model_config = SettingsConfigDict(env_prefix="LSC_", env_file=STACK_FILE, extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(validation_alias="DATABASE_URL", repr=False)
    kafka_bootstrap_servers: str | None = Field(None, validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    log_url: str | None = Field(None, repr=False)
    operator_key: SecretStr | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    instance: str = ""
    """The name of a process in its group: it keeps its partitions and its lease over a restart. Host and port where it is not set."""
    log_level: str = "info"
    business_zone: str = "Asia/Shanghai"
    pool_size: int = 10
    kafka_replication: int = 1
    tries_per_key: Annotated[int, Field(ge=1)] = 10
    """Failures within a minute after which an address has to wait before it tries this key id again."""
    tries_per_address: Annotated[int, Field(ge=1)] = 50
    trusted_proxies: str = ""
    """Whose X-Forwarded-For is believed: addresses and networks, comma-separated."""

    @field_validator("operator_key")
    @classmethod
    def strong(cls, key: SecretStr | None) -> SecretStr | None:
        if key and (why := weak_key(key.get_secret_value())):
            raise ValueError(f"refused: {why}. It is `id.secret` with a secret of at least 32 characters that nobody can guess. {HOW}")
        return key

    @field_validator("trusted_proxies")
    @classmethod
    def of_networks(cls, proxies: str) -> str:
        for proxy in proxies.split(",") if proxies else ():
            ip_network(proxy.strip())
        return proxies

    @field_validator("database_url", "log_url")
    @classmethod
    def guarded(cls, url: str | None) -> str | None:
        if url and (why := weak_database(url)):
            raise ValueError(f"refused: {why}. {HOW}")
        return url

    @field_validator("business_zone")
    @classmethod
    def known(cls, zone: str) -> str:
        ZoneInfo(zone)
        return zone

    @property
    def member(self) -> str:
        return self.instance or f"{socket.gethostname()}-{self.port}"

    def database(self, package: str) -> str:
        return self.database_url.replace("{database}", package)
