#!/bin/bash
# Install the Debian packages that a purpose needs, and only those that are missing.
#
#   packages.sh build    what compiles Anabranch
#   packages.sh run      what `make run` needs besides
#   packages.sh test     what the tests need besides
#   packages.sh java     what the Java tests need besides
#   packages.sh cluster  what the Kubernetes of the tests needs besides its own programs
set -euo pipefail

case "${1:?usage: packages.sh build|run|test|java|cluster}" in
  # clang and libclang: bindgen reads RocksDB's headers. mold: `.cargo/config.toml` links with it.
  build) packages=(build-essential clang libclang-dev mold pkg-config) ;;
  # The aws CLI is installed with pip where it is missing.
  run) packages=(python3-venv) ;;
  # faketime: the tests that move the clock. openssl: the certificate of the TLS tests.
  test) packages=(python3-venv faketime openssl procps) ;;
  java) packages=(default-jdk-headless maven openssl) ;;
  # runc starts the containers; nft is what kube-proxy and the port mapping speak to; openssl makes the certificates;
  # binutils strips what goes into the image; busybox is what the tests' own pods run.
  cluster) packages=(runc conntrack nftables iptables iproute2 openssl util-linux binutils busybox-static ca-certificates tzdata) ;;
  *) echo "packages.sh: no purpose is called $1" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is not Debian; make sure that these are installed: ${packages[*]}" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: these Debian packages are missing and there is neither root nor sudo to install them:" >&2
    echo "setup:   apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "setup: installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install=("${as_root[@]}" apt-get install --yes --quiet --no-install-recommends "${missing[@]}")
# The package lists of a fresh machine are empty or old: fetch them only when the install asks for it.
"${install[@]}" >/dev/null 2>&1 || { "${as_root[@]}" apt-get update --quiet >/dev/null; "${install[@]}" >/dev/null; }
