#!/bin/bash
# The walls between modules that Cargo cannot see: which folders of the node may name which library.
# `deny.toml` holds the walls between crates.
set -euo pipefail
cd "$(dirname "$0")/../.."

sources=()
for folder in crds dataplane operator; do [ -d "$folder" ] && sources+=("$folder"); done

failed=0
# wall LIBRARY FOLDERS-REGEX: outside these paths no source may name the library.
wall() {
  local library=$1 allowed=$2 found
  found=$(grep --recursive --include='*.rs' --line-number --extended-regexp "(^|[^_[:alnum:]])${library}::" \
    "${sources[@]}" | grep --invert-match --extended-regexp "^($allowed)" \
    | grep --invert-match --extended-regexp '^[^:]+:[0-9]+:[[:space:]]*//' || true)
  if [ -n "$found" ]; then
    echo "walls: $library may be named only under: $allowed" >&2
    echo "$found" >&2
    failed=1
  fi
}

wall axum 'dataplane/src/(gateway|console|admin)(/|\.rs)'
wall rocksdb 'dataplane/store/'
wall openraft 'dataplane/src/replication(/|\.rs)'
wall kube 'crds/|operator/|dataplane/src/catalog/kubernetes'

# `domain` decides and does nothing else; `wire` turns bytes into values and knows no disk. Their manifests say so.
for forbidden in tokio hyper axum rocksdb openraft rand kube; do
  for crate in domain wire; do
    if grep --quiet --extended-regexp "^${forbidden}(\.workspace)?[[:space:]]*=" "dataplane/$crate/Cargo.toml"; then
      echo "walls: dataplane/$crate must not depend on $forbidden" >&2
      failed=1
    fi
  done
done
if grep --quiet --extended-regexp '^anabranch-store' dataplane/wire/Cargo.toml dataplane/domain/Cargo.toml; then
  echo "walls: wire and domain must not know the store" >&2
  failed=1
fi

# Files that grew past what a reader holds in mind (tests under them do not count).
long=$(find "${sources[@]}" -name '*.rs' -not -name '*_test.rs' -not -path '*/tests/*' | while read -r file; do
  lines=$(awk '/^#\[cfg\(test\)\]/ { exit } { n++ } END { print n + 0 }' "$file")
  [ "$lines" -le 600 ] || echo "  $file: $lines lines"
done)
if [ -n "$long" ]; then
  echo "walls: files over 600 lines without their tests; give the second responsibility a file of its own:" >&2
  echo "$long" >&2
  failed=1
fi

[ "$failed" != 0 ] || echo "walls: they stand"
exit "$failed"
