"""How the embedded PostgreSQL is set up: a small SSD, two cores, many short transactions. Names and meanings are PostgreSQL's."""

from collections.abc import Mapping
from pathlib import Path

LOGIN = "lsc"
SERVICE_SQL = Path(__file__).parents[1] / "postgres" / "service.psql"
"""The database, login and roles of a service, as every installation makes them."""

INITDB = ("--username=postgres", "--auth=peer", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "128MB",
    "max_locks_per_transaction": "256",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_compression": "pglz",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "max_wal_senders": "0",
    "wal_level": "replica",
    "autovacuum_naptime": "15s",
    "log_line_prefix": "%m %d [%p] ",
}
WITHOUT_FSYNC = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For unit tests only: what is not yet written is lost when the machine dies."""

LOGIN_SQL = f"""DO $$ BEGIN
IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{LOGIN}') THEN CREATE ROLE {LOGIN}; END IF;
END $$;"""


def write_configuration(data: Path, settings: Mapping[str, str], *, system_user: str) -> None:
    """Over the socket only the system user, as superuser; over TCP only logins, by password."""
    (data / "postgresql.conf").write_text("".join(f"{name} = '{value}'\n" for name, value in settings.items()))
    (data / "pg_hba.conf").write_text("local all all peer map=lsc\nhost all all 127.0.0.1/32 scram-sha-256\n")
    (data / "pg_ident.conf").write_text(f"lsc {system_user} postgres\n")
