#!/bin/bash
# Compile cargo-deny into the cache, once, without getting in anybody's way.
set -euo pipefail
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}
[ ! -x "$cache/tools/bin/cargo-deny" ] || { echo "cargo-deny is in the cache"; exit 0; }
echo "setup: compiling cargo-deny into $cache/tools (some minutes, once)"
CARGO_TARGET_DIR="$cache/tools/target" nice cargo install --locked --quiet --root "$cache/tools" cargo-deny@0.20.2
rm -rf "$cache/tools/target"
