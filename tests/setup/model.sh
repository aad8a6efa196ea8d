#!/bin/bash
# Prints where the newest service model lies that the tests hold the tables against: botocore's, from the tests' own venv.
# A botocore that happens to be on the machine may be years old.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=$(tests/setup/python.sh tests/requirements.txt)
"$venv/bin/python" - <<'PYTHON'
import pathlib, botocore
folder = pathlib.Path(botocore.__file__).parent / "data/kinesis/2013-12-02"
print(next(path for path in (folder / "service-2.json.gz", folder / "service-2.json") if path.exists()))
PYTHON
