#!/bin/bash
# Whether what is made from the types and committed is what the types say: `generated.sh`. `generated.sh --write` makes it so.
#
#   crds/yaml/               the definitions, as `crdgen` writes them
#   charts/anabranch/crds/   a copy, because Helm packs only what lies in the chart
set -euo pipefail
cd "$(dirname "$0")/../.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
cargo run --quiet --release --locked -p anabranch-crds --bin crdgen -- "$fresh"

failed=0
for folder in crds/yaml charts/anabranch/crds; do
  if [ "${1:-}" = --write ]; then
    mkdir -p "$folder"
    rm -f "$folder"/*.yaml
    cp "$fresh"/*.yaml "$folder/"
  elif ! diff --recursive --unified=1 "$folder" "$fresh"; then
    echo "generated: $folder is not what the types say; run \`make generate\`" >&2
    failed=1
  fi
done
exit "$failed"
