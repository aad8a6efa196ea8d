#!/bin/bash
# The AWS SDK for Go v2. Modules and builds are kept in the cache.
set -euo pipefail
cd "$(dirname "$0")"
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}
PATH="$(../../setup/go.sh):$PATH"
export GOMODCACHE=$cache/go/modules GOCACHE=$cache/go/build GOFLAGS=-mod=readonly
exec ../../setup/with-server.sh -- go test -count=1 -timeout=180s -v ./...
