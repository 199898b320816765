#!/usr/bin/env bash
# Runs a command with servers of its own, in a folder of its own, and leaves nothing running.
# DATABASE_URL and CELERY_BROKER_URL, where set, point to servers that are used instead.
set -euo pipefail
cd "$(dirname "$0")/.."
export ZTF_VAR=${ZTF_VAR:-$PWD/var/test}
export POSTGRES_PASSING=1 # tests make their data anew
stop() { .venv/bin/python -m deploy down postgres redis; }
trap stop EXIT
.venv/bin/python -m deploy up postgres redis
"$@"
