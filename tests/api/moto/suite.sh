#!/bin/bash
# moto's own Kinesis tests, from its source distribution, against nodes of ours (see plugin.py).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tests=$(cd "$here/../.." && pwd)
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}
venv=$("$tests/setup/python.sh" "$here/requirements.txt")

version=$(sed -n 's/^moto==//p' "$here/requirements.txt")
source=$cache/moto/moto-$version
if [ ! -e "$source/.complete" ]; then
  echo "setup: fetching the source distribution of moto $version with pip"
  mkdir -p "$cache/moto"
  rm -rf "$source"
  "$venv/bin/pip" download --quiet --no-deps --no-binary moto --dest "$cache/moto" "moto==$version"
  tar --extract --gzip --directory "$cache/moto" --file "$cache/moto/moto-$version.tar.gz" \
    "moto-$version/tests/__init__.py" "moto-$version/tests/test_kinesis"
  touch "$source/.complete"
fi

cd "$source"
export PYTHONPATH=$tests:$source PYTHONDONTWRITEBYTECODE=1
export TEST_SERVER_MODE=true MOTO_CALL_RESET_API=false
export AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
# test_server.py imports moto's Flask application, which is not installed: see contradictions.txt.
exec "$venv/bin/python" -m pytest -p api.moto.plugin -p no:cacheprovider --timeout 120 --quiet -rs \
  --ignore tests/test_kinesis/test_server.py tests/test_kinesis
