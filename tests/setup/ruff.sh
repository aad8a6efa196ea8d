#!/bin/bash
# Check the format and the usual mistakes of the Python sources, or mend them with --fix.
set -euo pipefail
tests=$(cd "$(dirname "$0")/.." && pwd)
venv=$("$tests/setup/python.sh" "$tests/requirements.txt")
cd "$tests"
if [ "${1:-}" = --fix ]; then
  "$venv/bin/ruff" check --no-cache --fix .
  exec "$venv/bin/ruff" format --no-cache .
fi
"$venv/bin/ruff" check --no-cache .
exec "$venv/bin/ruff" format --no-cache --check .
