#!/bin/bash
# One round trip with the aws CLI (version 1, from PyPI): streams, records, errors, pages, resharding.
set -euo pipefail
name=cli-$$
passed=0

kinesis() { aws kinesis "$@"; }
# check WHAT EXPECTED ACTUAL
check() {
  if [ "$2" != "$3" ]; then
    printf 'aws CLI: %s: expected %q, got %q\n' "$1" "$2" "$3" >&2
    exit 1
  fi
  printf 'ok - %s\n' "$1"
  passed=$((passed + 1))
}

kinesis create-stream --stream-name "$name" --shard-count 2 --tags team=cli
kinesis wait stream-exists --stream-name "$name"
check "the stream is active" "ACTIVE 2" \
  "$(kinesis describe-stream-summary --stream-name "$name" --query 'StreamDescriptionSummary.[StreamStatus,OpenShardCount]' --output text | tr '\t' ' ')"

number=$(kinesis put-record --stream-name "$name" --partition-key a --explicit-hash-key 0 --data SGVsbG8h --query SequenceNumber --output text)
check "a batch is put whole" "0" \
  "$(kinesis put-records --stream-name "$name" --records Data=b25l,PartitionKey=a,ExplicitHashKey=0 Data=dHdv,PartitionKey=b,ExplicitHashKey=0 --query FailedRecordCount --output text)"
iterator=$(kinesis get-shard-iterator --stream-name "$name" --shard-id shardId-000000000000 --shard-iterator-type TRIM_HORIZON --query ShardIterator --output text)
check "three records come back, the first with its number" "3 $number" \
  "$(kinesis get-records --shard-iterator "$iterator" --query '[length(Records), Records[0].SequenceNumber]' --output text | tr '\t' ' ')"

check "pages are walked" "shardId-000000000000 shardId-000000000001" \
  "$(kinesis describe-stream --stream-name "$name" --page-size 1 --query 'StreamDescription.Shards[].ShardId' --output text | tr '\t\n' '  ' | sed 's/ *$//')"
check "the tag is there" "cli" \
  "$(kinesis list-tags-for-stream --stream-name "$name" --query "Tags[?Key=='team'].Value" --output text)"

refusal=$(kinesis describe-stream --stream-name no-such 2>&1 || true)
check "an error is told with its name" "yes" "$(grep --quiet ResourceNotFoundException <<<"$refusal" && echo yes || echo "$refusal")"

kinesis update-shard-count --stream-name "$name" --target-shard-count 4 --scaling-type UNIFORM_SCALING >/dev/null
kinesis wait stream-exists --stream-name "$name"
check "four shards are open after scaling" "4" \
  "$(kinesis describe-stream-summary --stream-name "$name" --query StreamDescriptionSummary.OpenShardCount --output text)"

kinesis delete-stream --stream-name "$name"
kinesis wait stream-not-exists --stream-name "$name"
check "the stream is gone" "" "$(kinesis list-streams --query "StreamNames[?@=='$name']" --output text)"

printf '%d passed, 0 failed\n' "$passed"
