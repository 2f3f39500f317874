#!/usr/bin/env bash
# Run a command with a throw-away PostgreSQL; its address is in SMARTPARK_TEST_POSTGRES_URL.
#
#   scripts/with_postgres.sh make test
#
# Needs PostgreSQL's programs (Debian: apt install postgresql). The cluster lives in a temporary
# folder, listens on a socket there and on a free loopback port, and is gone afterwards.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT…]" >&2; exit 2; }

bin=""
for folder in "$(pg_config --bindir 2>/dev/null || true)" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr); do
    if [ -x "$folder/initdb" ]; then bin=$folder && break; fi
done
[ -n "$bin" ] || { echo "PostgreSQL is not installed (Debian: apt install postgresql)." >&2; exit 1; }

# PostgreSQL refuses to run as root.
as_owner=()
place=$(mktemp -d "${TMPDIR:-/tmp}/smartpark-postgres.XXXXXX")
if [ "$(id -u)" -eq 0 ]; then
    id postgres >/dev/null 2>&1 || useradd --system --no-create-home postgres
    as_owner=(runuser -u postgres --)
    chown postgres "$place"
fi
port=$(python3 -c 'import socket
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    print(free.getsockname()[1])')

stop() {
    (cd / && "${as_owner[@]}" "$bin/pg_ctl" --pgdata "$place/data" --mode immediate stop >/dev/null 2>&1) || true
    rm -rf "$place"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start() {
    cd /
    "${as_owner[@]}" "$bin/initdb" --pgdata "$place/data" --auth trust --username smartpark \
        --encoding UTF8 --locale C --no-sync >/dev/null
    # A throw-away cluster need not survive a power cut.
    "${as_owner[@]}" "$bin/pg_ctl" --pgdata "$place/data" --log "$place/log" --wait start --options \
        "-p $port -k $place -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off" >/dev/null ||
        { cat "$place/log" >&2; return 1; }
    "${as_owner[@]}" "$bin/createdb" --host 127.0.0.1 --port "$port" --username smartpark smartpark
}
(start)

export SMARTPARK_TEST_POSTGRES_URL="postgresql+psycopg://smartpark@127.0.0.1:$port/smartpark"
"$@"
