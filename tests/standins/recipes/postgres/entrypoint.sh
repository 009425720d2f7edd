#!/usr/bin/env bash
# What the official entry point does, as far as a stack relies on it.
set -Eeo pipefail

# The password can be given as a file, which is how a Compose secret arrives.
setting() {
    local file="${1}_FILE"
    if [[ -n "${!file:-}" ]]; then
        cat "${!file}"
    else
        echo "${!1:-${2:-}}"
    fi
}

query() {
    PGHOST= psql --username "$POSTGRES_USER" --no-password --no-psqlrc --set ON_ERROR_STOP=1 "$@"
}

run_init_files() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        echo "$0: running ${file}"
        case "$file" in
            *.sh) if [[ -x "$file" ]]; then "$file"; else . "$file"; fi ;;
            *.sql) query --dbname "$POSTGRES_DB" --file "$file" ;;
            *) echo "$0: ignoring ${file}" ;;
        esac
    done
}

make_cluster() {
    if [[ -z "$POSTGRES_PASSWORD" && "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]]; then
        echo "Error: Database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD." >&2
        exit 1
    fi
    initdb --username "$POSTGRES_USER" --pwfile <(echo "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
    echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
    pg_ctl --pgdata "$PGDATA" --options "-c listen_addresses=''" --wait start
    if [[ "$POSTGRES_DB" != postgres ]]; then
        query --dbname postgres --set name="$POSTGRES_DB" <<<'CREATE DATABASE :"name";'
    fi
    run_init_files
    pg_ctl --pgdata "$PGDATA" --mode fast --wait stop
}

if [[ "${1:-postgres}" == -* ]]; then
    set -- postgres "$@"
fi
if [[ "${1:-}" == postgres ]]; then
    if [[ $(id -u) == 0 ]]; then
        mkdir -p "$PGDATA"
        chmod 00700 "$PGDATA"
        find "$PGDATA" \! -user postgres -exec chown postgres {} +
        exec gosu postgres "$0" "$@"
    fi
    if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
        POSTGRES_PASSWORD="$(setting POSTGRES_PASSWORD)"
        POSTGRES_USER="$(setting POSTGRES_USER postgres)"
        POSTGRES_DB="$(setting POSTGRES_DB "$POSTGRES_USER")"
        export POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB PGPASSWORD="$POSTGRES_PASSWORD"
        shopt -s nullglob
        make_cluster
        unset PGPASSWORD
    fi
fi
exec "$@"
