#!/bin/bash
# The AWS SDK for Rust, compiled once into the cache.
set -euo pipefail
cd "$(dirname "$0")"
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}
export CARGO_TARGET_DIR=$cache/sdk-rust
cargo test --locked --quiet --no-run
exec ../../setup/with-server.sh -- cargo test --locked --test kinesis
