#!/bin/sh
# Run once by the PostgreSQL image, on an empty data volume: for each service a database, a login and its roles; no login may enter another's database.
set -eu

for service in order_intake inventory dispatch crm kpi; do
    psql -Xq -v ON_ERROR_STOP=1 -v service="$service" -v database="$service" -v password="$LSC_DATABASE_PASSWORD" \
        --username "$POSTGRES_USER" --dbname postgres --file "${SERVICE_SQL:-/docker-entrypoint-initdb.d/service.psql}"
done

# The key store: order-intake makes and destroys the keys of data subjects, dispatch may read them, nobody else gets in.
psql -Xq -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE DATABASE lsc_keys OWNER order_intake;
REVOKE CONNECT ON DATABASE lsc_keys FROM PUBLIC;
GRANT CONNECT ON DATABASE lsc_keys TO dispatch;
SQL
