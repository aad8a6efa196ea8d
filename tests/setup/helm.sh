#!/bin/bash
# Print the path of a Helm 3: the machine's, the one that was built for the cluster tests, or else one built from its Go
# module, once, into the cache.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=v3.22.0
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}

if command -v helm >/dev/null && helm version --short 2>/dev/null | grep --quiet '^v3\.'; then
  command -v helm
  exit 0
fi
for helm in "$cache"/kubernetes-*/bin/helm "$cache/helm-$version/helm"; do
  if [ -x "$helm" ]; then
    echo "$helm"
    exit 0
  fi
done
echo "setup: building Helm $version from its Go module, once (a minute or two)" >&2
go=$("$here/go.sh")/go
mkdir -p "$cache/helm-$version"
GOBIN="$cache/helm-$version" CGO_ENABLED=0 "$go" install "helm.sh/helm/v3/cmd/helm@$version" >&2
echo "$cache/helm-$version/helm"
