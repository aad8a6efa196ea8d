#!/bin/bash
# The Java clients: AWS SDK v2, KPL over TLS and KCL 3, with a DynamoDB of moto's for the leases. Arguments go to Maven:
#   tests/api/java/test.sh -Dtest=KclTest
set -euo pipefail
cd "$(dirname "$0")"
setup=$(cd ../../setup && pwd)

if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then
  "$setup/packages.sh" java
fi
venv=$("$setup/python.sh" requirements.txt)

scratch=$(mktemp -d)
moto=
finish() {
  [ -z "$moto" ] || kill "$moto" 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT

free_port() { "$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
dynamodb=$(free_port)
tls=$(free_port)

# An authority of our own, as a company has one: the clients trust it and nothing else.
export ANABRANCH_CA=$scratch/ca.pem
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Anabranch test authority" \
  -keyout "$scratch/ca.key" -out "$ANABRANCH_CA" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout "$scratch/server.key" -out "$scratch/server.csr" 2>/dev/null
openssl x509 -req -in "$scratch/server.csr" -CA "$ANABRANCH_CA" -CAkey "$scratch/ca.key" -CAcreateserial -days 2 \
  -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") -out "$scratch/server.pem" 2>/dev/null

"$venv/bin/moto_server" --host 127.0.0.1 --port "$dynamodb" >"$scratch/moto.log" 2>&1 &
moto=$!

export ANABRANCH_DYNAMODB=http://127.0.0.1:$dynamodb
export ANABRANCH_TLS_ENDPOINT=https://localhost:$tls
"$setup/with-server.sh" --tls-listen "127.0.0.1:$tls" --tls-cert "$scratch/server.pem" --tls-key "$scratch/server.key" -- \
  mvn --quiet --batch-mode --no-transfer-progress test "$@" || { status=$?; tail -5 "$scratch/moto.log" >&2; exit "$status"; }
