#!/bin/bash
# Print the path of a Python environment that holds exactly what a requirements file names; make it if it is not in the cache.
#
#   python.sh REQUIREMENTS.txt
#
# The cache key is the hash of the file and the interpreter's version: a changed file is a new environment, an
# unchanged one costs nothing.
set -euo pipefail

requirements=${1:?usage: python.sh REQUIREMENTS.txt}
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}

# Debian's own interpreter first: version managers put shims in front that differ from shell to shell.
for python in /usr/bin/python3 python3; do
  command -v "$python" >/dev/null && "$python" -c 'import sys, ensurepip; assert sys.version_info >= (3, 10)' 2>/dev/null && break
done || { echo "setup: no Python 3.10 or newer with venv; on Debian: apt-get install python3-venv" >&2; exit 1; }

key=$({ cat "$requirements"; "$python" --version; } | sha256sum | cut -c1-16)
venv="$cache/python/$(basename "${requirements%.txt}")-$key"
if [ ! -e "$venv/.complete" ]; then
  echo "setup: installing with pip: $(grep -v '^#' "$requirements" | tr '\n' ' ')" >&2
  rm -rf "$venv"
  "$python" -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" >&2
  touch "$venv/.complete"
fi
echo "$venv"
