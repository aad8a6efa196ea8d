#!/bin/bash
# Run one step of a long target under a heading, and say how long it took: step.sh "NAME" COMMAND...
set -euo pipefail
name=$1
shift
printf '\n=== %s\n' "$name"
SECONDS=0
"$@" || { status=$?; printf '=== %s: FAILED after %d s (status %d): %s\n' "$name" "$SECONDS" "$status" "$*" >&2; exit "$status"; }
printf '=== %s: %d s\n' "$name" "$SECONDS"
