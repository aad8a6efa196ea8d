#!/bin/bash
# Print the folder of a Node.js that the newest AWS SDK runs on: the machine's if it is new enough, else one from a package.
set -euo pipefail
here=$(dirname "$0")
wanted=20
if command -v node >/dev/null && [ "$(node --print 'process.versions.node.split(".")[0]')" -ge "$wanted" ] && command -v npm >/dev/null; then
  dirname "$(command -v node)"
  exit 0
fi
echo "setup: no Node.js $wanted on this machine, taking the one that pip has" >&2
venv=$("$here/python.sh" "$here/node.txt")
printf '%s\n' "$venv/bin"
