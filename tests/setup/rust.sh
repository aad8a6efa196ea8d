#!/bin/bash
# Check that cargo is there and new enough. Installing a toolchain is the user's choice, so this only says what is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
  found="no cargo on the PATH"
else
  found=$(rustc --version | cut -d' ' -f2)
  oldest=$(printf '%s\n%s\n' "$wanted" "$found" | sort --version-sort | head -1)
  [ "$oldest" != "$wanted" ] || exit 0
  found="rustc $found"
fi
cat >&2 <<TEXT
setup: Anabranch needs Rust $wanted or newer; this machine has $found.
setup: Debian's own rustc is too old. With rustup:
setup:   rustup toolchain install stable --component clippy --component rustfmt
setup: and run make again in a shell where \`rustc --version\` says $wanted or newer.
TEXT
exit 1
