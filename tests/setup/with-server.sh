#!/bin/bash
# Run a command against a fresh standalone node: with-server.sh [STANDALONE-FLAGS...] -- COMMAND...
# The command runs where it was called and finds the node in ANABRANCH_ENDPOINT.
set -euo pipefail
tests=$(cd "$(dirname "$0")/.." && pwd)
venv=$("$tests/setup/python.sh" "$tests/requirements.txt")
PYTHONPATH=$tests PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" -m harness.serve "$@"
