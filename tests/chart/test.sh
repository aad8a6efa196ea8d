#!/bin/bash
# The chart and the kinds: what renders, what is refused, and what a real API server says to both. Root, and no nodes.
#
#   test.sh [--update] [pytest's arguments]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/../setup/packages.sh" cluster
HELM=$("$here/../setup/helm.sh")
export HELM PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here/.."
venv=$("$here/../setup/python.sh" "$here/requirements.txt")
cd "$here"
exec "$venv/bin/python" -m pytest -q -p no:cacheprovider --rootdir=. --confcutdir=. -c /dev/null "$@" .
