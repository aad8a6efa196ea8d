#!/bin/bash
# Check `deny.toml`: licences, sources, and which crate may depend on which library.
#
# cargo-deny takes minutes to compile, so it runs where the cache has it (`make deny` puts it there); without it the same
# walls are checked by a reading of `cargo metadata`. Security advisories need a database from outside the package
# registries, so they are not part of this check.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}
deny="$cache/tools/bin/cargo-deny"

if [ -x "$deny" ]; then
  exec "$deny" --offline --locked check bans licenses sources
fi
echo "cargo-deny is not in the cache (make deny installs it): checking deny.toml's walls and licences by cargo metadata"
exec python3 tests/walls/deny.py
