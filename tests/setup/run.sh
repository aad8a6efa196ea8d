#!/bin/bash
# Start standalone for a person at a terminal: data in a directory of theirs, and the first three commands to type.
set -euo pipefail
here=$(dirname "$0")
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}
data=${ANABRANCH_DATA_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/anabranch}
listen=${ANABRANCH_LISTEN:-127.0.0.1:4567}
admin=${ANABRANCH_ADMIN_LISTEN:-127.0.0.1:9567}

aws=aws
if ! command -v aws >/dev/null; then
  "$here/packages.sh" run
  aws="$("$here/python.sh" "$here/aws-cli.txt")/bin/aws"
fi
mkdir -p "$data"

cat <<TEXT

Anabranch answers on http://$listen (health and metrics on http://$admin).
The data is in $data
Ctrl-C stops it; nothing acknowledged is lost. In another terminal:

  export AWS_ENDPOINT_URL=http://$listen AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any

  $aws kinesis create-stream --stream-name hello --shard-count 1
  $aws kinesis put-record --stream-name hello --partition-key river --data SGVsbG8h
  $aws kinesis get-records --shard-iterator "\$($aws kinesis get-shard-iterator --stream-name hello --shard-id shardId-000000000000 --shard-iterator-type TRIM_HORIZON --query ShardIterator --output text)"

TEXT
exec "${ANABRANCH_BIN:-$cache/target/release/anabranch}" standalone \
  --listen "$listen" --admin-listen "$admin" --data-dir "$data" --allow-anonymous
