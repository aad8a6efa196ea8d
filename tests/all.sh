#!/bin/bash
# Everything that CI runs, in the order in which a failure is cheapest: `all.sh`, or some parts of it by name.
#
#   all.sh [check] [build] [simulation] [chart] [api] [sdks] [java] [durability] [cluster]
#
# The first failure ends the run; its output and the server's log are the last thing printed.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export ANABRANCH_CACHE=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$ANABRANCH_CACHE/target}
export ANABRANCH_BIN=${ANABRANCH_BIN:-$CARGO_TARGET_DIR/release/anabranch}
export PYTHONDONTWRITEBYTECODE=1

began=$SECONDS
passed=()
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(check build simulation chart api sdks java durability cluster)

step() {
  tests/setup/step.sh "$@"
  passed+=("$1")
}
wants() {
  local part
  for part in "${parts[@]}"; do [ "$part" = "$1" ] && return 0; done
  return 1
}

tests/setup/packages.sh build
tests/setup/packages.sh test
tests/setup/rust.sh
ROCKSDB_LIB_DIR=$(tests/setup/rocksdb.sh)
export ROCKSDB_LIB_DIR ROCKSDB_STATIC=1

if wants check; then
  step "format" cargo fmt --all --check
  step "format, Python" tests/setup/ruff.sh
  step "walls" tests/walls/walls.sh
  step "dependencies" tests/walls/deny.sh
  step "generated files" tests/walls/generated.sh
  step "mutations, whether they apply" tests/mutations/run --check
  step "lints" cargo clippy --release --locked --workspace --all-targets -- -D warnings
  BOTOCORE_KINESIS_MODEL=$(tests/setup/model.sh)
  export BOTOCORE_KINESIS_MODEL
  step "unit tests" cargo test --release --locked --workspace
fi
if wants check || wants build; then
  step "build" cargo build --release --locked --workspace
fi

if wants simulation; then
  in_simulation() { (cd "$root/tests/simulation" && "$@"); }
  export -f in_simulation
  export root
  step "simulation, format" bash -euo pipefail -c 'in_simulation cargo fmt --all --check'
  step "simulation, lints" bash -euo pipefail -c 'in_simulation cargo clippy --release --locked --all-targets -- -D warnings'
  step "simulation, unit tests and determinism" bash -euo pipefail -c 'in_simulation cargo test --release --locked'
  step "simulation, seeds that once found something and two hundred more" tests/simulation/run 1..200
fi

if wants chart; then
  step "chart and kinds, on an API server" tests/chart/test.sh
fi

venv=$(tests/setup/python.sh tests/requirements.txt)
in_tests() { (cd "$root/tests" && "$@"); }
with_server() { in_tests "$venv/bin/python" -m harness.serve -- "$@"; }
export -f in_tests with_server
export root venv

if wants api; then
  step "API, Python (boto3 and raw HTTP)" bash -euo pipefail -c 'in_tests "$venv/bin/python" -m pytest api/python'
fi
if wants sdks; then
  for suite in tests/api/*/suite.sh; do
    step "API, $(basename "$(dirname "$suite")")" "$suite"
  done
fi
if wants java && [ -x tests/api/java/test.sh ]; then
  step "API, Java (SDK v2, KPL, KCL)" tests/api/java/test.sh
fi
if wants durability; then
  step "durability" bash -euo pipefail -c 'in_tests "$venv/bin/python" -m pytest durability'
fi

if wants cluster; then
  # Never on a cluster that a shell happens to point at; `pytest e2e` with KUBECONFIG set runs on that one.
  step "Kubernetes, programs" bash -euo pipefail -c 'tests/setup/packages.sh cluster && in_tests python3 -m cluster build'
  step "Kubernetes" bash -euo pipefail -c 'unset KUBECONFIG; in_tests "$venv/bin/python" -m pytest harness image cluster e2e'
fi

printf '\n=== all passed in %d s\n' "$((SECONDS - began))"
printf '  %s\n' "${passed[@]}"
printf '%d passed, 0 failed\n' "${#passed[@]}"
