#!/bin/bash
# The AWS SDK for JavaScript v3. node_modules lives in the cache, keyed by the lock file; a link leads there.
set -euo pipefail
cd "$(dirname "$0")"
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}
PATH="$(../../setup/node.sh):$PATH"

modules="$cache/node/$(sha256sum package.json package-lock.json | sha256sum | cut -c1-16)"
if [ ! -e "$modules/.complete" ]; then
  echo "setup: installing with npm: @aws-sdk/client-kinesis"
  mkdir -p "$modules"
  cp package.json package-lock.json "$modules/"
  (cd "$modules" && npm ci --silent --no-audit --no-fund)
  touch "$modules/.complete"
fi
ln --symbolic --force --no-dereference "$modules/node_modules" node_modules

exec ../../setup/with-server.sh -- node --test --test-reporter=spec kinesis.test.js
