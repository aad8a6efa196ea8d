#!/bin/bash
# Print a folder with `prometheus` and `promtool`: the machine's, or those of Debian's package, unpacked into the cache. Unpacked
# and not installed, because the package starts a server.
set -euo pipefail
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}

if command -v promtool >/dev/null && command -v prometheus >/dev/null; then
  dirname "$(command -v promtool)"
  exit 0
fi
folder=$cache/prometheus-debian
if [ ! -x "$folder/usr/bin/promtool" ]; then
  echo "setup: fetching Debian's prometheus, once" >&2
  fresh=$(mktemp --directory)
  trap 'rm -rf "$fresh"' EXIT
  cd "$fresh"
  apt-get download --quiet prometheus >&2 || { apt-get update --quiet >&2 && apt-get download --quiet prometheus >&2; }
  mkdir -p "$folder"
  dpkg-deb --extract prometheus_*.deb "$folder"
fi
echo "$folder/usr/bin"
