#!/bin/sh
# What the official entry point does, as far as a stack relies on it.
set -e

case "${1:-}" in
    -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis {} +
    exec setpriv --reuid redis --regid redis --clear-groups -- "$0" "$@"
fi
# The official image is compiled without the protected mode that refuses every client when no password is set.
if [ "$1" = redis-server ]; then
    set -- "$@" --protected-mode no
fi
exec "$@"
