import os
import socket
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict
from pydantic_settings import PydanticBaseSettingsSource as Source

from shared.crash import counts_of
from shared.durations import Duration as Duration
from shared.edge.settings import EdgeSettings
from shared.oidc.issuers import Issuers
from shared.sealing import HOW_TO_MAKE_ONE, MasterKeys, check_master_key
from shared.secrets import HOW, weak_database, weak_key
from shared.walls import Role, entered_as

KEYS_DATABASE = "lsc_keys"
STACK_FILE = ".local/stack.env"


class StackSettings(BaseSettings):
    """Where the environment says nothing, what the embedded stack wrote into STACK_FILE, or into the file that LSC_STACK_FILE names."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: Source, env_settings: Source, *_: Source, **__: Source
    ) -> tuple[Source, ...]:
        """Looked for when settings are read, not when this is imported."""
        return init_settings, env_settings, DotEnvSettingsSource(settings_cls, env_file=os.environ.get("LSC_STACK_FILE", STACK_FILE))


class Settings(StackSettings, EdgeSettings):
    """What every service reads from its environment; a service adds its own below."""

    model_config = SettingsConfigDict(env_prefix="LSC_", extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(validation_alias="DATABASE_URL", repr=False)
    kafka_bootstrap_servers: str | None = Field(None, validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    log_url: str | None = Field(None, repr=False)
    keys_url: str | None = Field(None, repr=False)
    """The key store; the database `lsc_keys` beside the others where it is not set."""
    master_key: SecretStr | None = None
    master_keys_former: SecretStr | None = None
    """Those that still wrap keys, after a new one was made; parted by commas."""
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
    oidc: Issuers = ()
    crash_at: str = Field("", validation_alias="CRASH_AT")
    """For tests: where the process kills itself, such as `relay.read:3`."""

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

    @field_validator("database_url", "log_url", "keys_url")
    @classmethod
    def guarded(cls, url: str | None) -> str | None:
        if url and (why := weak_database(url)):
            raise ValueError(f"refused: {why}. {HOW}")
        return url

    @field_validator("master_key", "master_keys_former")
    @classmethod
    def random(cls, keys: SecretStr | None) -> SecretStr | None:
        for key in keys.get_secret_value().split(",") if keys and keys.get_secret_value() else ():
            check_master_key(key)
        return keys

    @field_validator("crash_at")
    @classmethod
    def written_right(cls, crash_at: str) -> str:
        counts_of(crash_at)
        return crash_at

    @field_validator("business_zone")
    @classmethod
    def known(cls, zone: str) -> str:
        ZoneInfo(zone)
        return zone

    @property
    def member(self) -> str:
        return self.instance or f"{socket.gethostname()}-{self.port}"

    def database(self, package: str, role: Role) -> str:
        """The address of the service's database, entered as `role`."""
        return entered_as(self.database_url.replace("{database}", package), package, role)

    def key_store(self, package: str) -> str:
        url = self.keys_url or urlsplit(self.database_url)._replace(path=f"/{KEYS_DATABASE}").geturl()
        return url.replace("{database}", package)

    def masters(self) -> MasterKeys:
        """The key under which this installation's personal data is sealed; without one nothing that holds any may start."""
        if not self.master_key or not self.master_key.get_secret_value():
            raise SystemExit(f"Set LSC_MASTER_KEY: names and addresses are stored sealed. {HOW_TO_MAKE_ONE}")
        former = self.master_keys_former.get_secret_value() if self.master_keys_former else ""
        return MasterKeys(self.master_key.get_secret_value(), [key for key in former.split(",") if key])
