#!/bin/bash
# Print the folder of a Go that is new enough: the machine's, else one from a package.
#
#   go.sh [VERSION]    by default the one that the newest AWS SDK compiles with
set -euo pipefail
here=$(dirname "$0")
wanted=${1:-1.24}
if command -v go >/dev/null; then
  found=$(go env GOVERSION | sed 's/^go//')
  if [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort --version-sort | head -1)" = "$wanted" ]; then
    dirname "$(command -v go)"
    exit 0
  fi
fi
echo "setup: no Go $wanted on this machine, taking the one that pip has" >&2
venv=$("$here/python.sh" "$here/go.txt")
printf '%s\n' "$venv/bin"
