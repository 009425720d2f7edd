#!/usr/bin/env bash
# What the official entry point does, as far as a stack relies on it.
set -euo pipefail

: "${CONNECTION_CHECK_MAX_COUNT:=20}" "${CONNECTION_CHECK_SLEEP_TIME:=3}"

retry() {
    local left="${CONNECTION_CHECK_MAX_COUNT}"
    until "$@" >/tmp/connection-check 2>&1; do
        left=$((left - 1))
        if [[ ${left} -le 0 ]]; then
            echo "ERROR! Maximum number of retries (${CONNECTION_CHECK_MAX_COUNT}) reached." >&2
            cat /tmp/connection-check >&2
            exit 1
        fi
        sleep "${CONNECTION_CHECK_SLEEP_TIME}"
    done
}

broker_answers() {
    python - "$(airflow config get-value celery broker_url)" <<'PYTHON'
import socket
import sys
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1])
socket.create_connection((url.hostname or "localhost", url.port or 6379), timeout=3)
PYTHON
}

create_user() {
    airflow users create \
        --username "${_AIRFLOW_WWW_USER_USERNAME:-admin}" \
        --password "${_AIRFLOW_WWW_USER_PASSWORD:?_AIRFLOW_WWW_USER_CREATE needs it}" \
        --firstname "${_AIRFLOW_WWW_USER_FIRSTNAME:-Airflow}" \
        --lastname "${_AIRFLOW_WWW_USER_LASTNAME:-Admin}" \
        --email "${_AIRFLOW_WWW_USER_EMAIL:-airflowadmin@example.com}" \
        --role "${_AIRFLOW_WWW_USER_ROLE:-Admin}" || true
}

if [[ $(id -g) != 0 && $(id -u) != 50000 ]]; then
    echo "ERROR! You should run the image with GID=0: it was started with UID=$(id -u) and GID=$(id -g)" >&2
    exit 1
fi
umask 0002
if ! whoami >/dev/null 2>&1; then
    [[ -w /etc/passwd ]] && echo "default:x:$(id -u):0:default user:${AIRFLOW_USER_HOME_DIR}:/sbin/nologin" >>/etc/passwd
    export HOME="${AIRFLOW_USER_HOME_DIR}"
fi

command="${1:-}"
[[ ${command} == airflow ]] && command="${2:-}"
if [[ ${CONNECTION_CHECK_MAX_COUNT} -gt 0 && ${command} =~ ^(scheduler|dag-processor|triggerer|api-server)$ ]]; then
    retry airflow db check
fi
if [[ -n "${_AIRFLOW_DB_MIGRATE:-}" ]]; then
    airflow db migrate || true
fi
if [[ -n "${_AIRFLOW_WWW_USER_CREATE:-}" ]]; then
    create_user
fi

case "${1:-}" in
    bash) shift; exec /bin/bash "$@" ;;
    python) shift; exec python "$@" ;;
    airflow) shift ;;
esac
if [[ ${CONNECTION_CHECK_MAX_COUNT} -gt 0 && ${command} =~ ^(scheduler|celery)$ ]]; then
    if [[ $(airflow config get-value core executor) == CeleryExecutor ]]; then
        retry broker_answers
    fi
fi
exec airflow "$@"
