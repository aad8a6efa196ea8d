"""What an earlier release left on the disk is read by this one: archives of data directories, with what clients saw in them.

`releases/VERSION.tar.xz` is the directory of a node that was killed, so its write-ahead log counts too;
`releases/VERSION.json` is what it answered before. They are only ever added to: before a release is tagged, its binary makes
its own by `python3 -m durability.test_releases VERSION` in this folder's parent. The clock stands at the archive's time, since
records expire.
"""

from __future__ import annotations

import base64
import json
import sys
import tarfile
import time
from pathlib import Path

import pytest

from harness import kinesis as k
from harness.clock import Clock, needs_faketime
from harness.server import Server

FOLDER = Path(__file__).parent / "releases"
VERSIONS = sorted(path.name.removesuffix(".json") for path in FOLDER.glob("*.json"))
PLAIN, SEALED, CHANGED = "plain", "sealed", "changed"
KEYS = 20


def put(kinesis, stream: str, round_: int) -> None:
    entries = [{"PartitionKey": f"key-{i}", "Data": f"{stream} {round_} {i} ".encode() * (1 + i)} for i in range(KEYS)]
    assert kinesis.put_records(StreamName=stream, Records=entries)["FailedRecordCount"] == 0


def fill(kinesis) -> None:
    """Something of everything that is kept: records, sealed and not, lineage, tags, consumers, policies, settings."""
    for stream in (PLAIN, SEALED, CHANGED):
        kinesis.create_stream(StreamName=stream, ShardCount=2)
        k.wait_active(kinesis, stream)
    kinesis.start_stream_encryption(StreamName=SEALED, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    k.wait_active(kinesis, SEALED)
    kinesis.increase_stream_retention_period(StreamName=PLAIN, RetentionPeriodHours=72)
    kinesis.add_tags_to_stream(StreamName=PLAIN, Tags={"team": "shop", "empty": ""})
    kinesis.register_stream_consumer(StreamARN=k.stream_arn(PLAIN), ConsumerName="billing")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "111111111111"},
                "Action": ["kinesis:DescribeStreamSummary", "kinesis:PutRecord"],
                "Resource": k.stream_arn(PLAIN),
            }
        ],
    }
    kinesis.put_resource_policy(ResourceARN=k.stream_arn(PLAIN), Policy=json.dumps(policy))
    for round_ in range(3):
        for stream in (PLAIN, SEALED, CHANGED):
            put(kinesis, stream, round_)
    kinesis.update_shard_count(StreamName=CHANGED, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    k.wait_active(kinesis, CHANGED)
    put(kinesis, CHANGED, 3)
    first, second = sorted(k.open_shards(kinesis, CHANGED), key=lambda it: int(it["HashKeyRange"]["StartingHashKey"]))[:2]
    kinesis.merge_shards(StreamName=CHANGED, ShardToMerge=first["ShardId"], AdjacentShardToMerge=second["ShardId"])
    k.wait_active(kinesis, CHANGED)
    put(kinesis, CHANGED, 4)


def seen(kinesis) -> dict:
    """Everything that a client is told of it."""
    streams = {}
    for stream in (PLAIN, SEALED, CHANGED):
        summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
        arn = {"ResourceARN": k.stream_arn(stream)}
        streams[stream] = {
            "summary": summary,
            "shards": k.shards(kinesis, stream),
            "tags": kinesis.list_tags_for_resource(**arn)["Tags"],
            "policy": json.loads(kinesis.get_resource_policy(**arn)["Policy"] or "{}"),
            "consumers": kinesis.list_stream_consumers(StreamARN=k.stream_arn(stream))["Consumers"],
            "records": {shard["ShardId"]: records(kinesis, stream, shard["ShardId"]) for shard in k.shards(kinesis, stream)},
        }
    return json.loads(json.dumps(streams, default=str))


def records(kinesis, stream: str, shard: str) -> list[list[str]]:
    return [
        [
            record["SequenceNumber"],
            record["PartitionKey"],
            base64.b64encode(record["Data"]).decode(),
            str(record["ApproximateArrivalTimestamp"]),
            record.get("EncryptionType", ""),
        ]
        for record in k.read_all(kinesis, stream, shard)
    ]


@needs_faketime
@pytest.mark.parametrize("version", VERSIONS)
def test_what_an_earlier_release_left_is_read_and_goes_on(version: str, tmp_path: Path) -> None:
    known = json.loads((FOLDER / f"{version}.json").read_text())
    with tarfile.open(FOLDER / f"{version}.tar.xz") as archive:
        archive.extractall(tmp_path)
    clock = Clock(tmp_path / "clock")
    clock.set(f"{known['at'] - int(time.time()):+d}")
    server = Server(data_dir=tmp_path / "data", env=clock.environment())
    try:
        kinesis = k.client(server.start())
        assert seen(kinesis) == known["streams"]
        for stream in known["streams"]:
            put(kinesis, stream, 9)
        server.kill()
        kinesis = k.client(server.start())
        for stream, before in known["streams"].items():
            added = []
            for shard, known_records in before["records"].items():
                now = records(kinesis, stream, shard)
                assert now[: len(known_records)] == known_records
                added += now[len(known_records) :]
            assert len(added) == KEYS
            assert {record[4] for record in added} == ({"KMS"} if stream == SEALED else {""})
    finally:
        server.discard()


def test_there_is_an_earlier_release() -> None:
    assert VERSIONS


def main(version: str) -> None:
    """Leave what the next releases are to read."""
    server = Server()
    try:
        kinesis = k.client(server.start())
        fill(kinesis)
        # What was written before a stop lies in tables and blobs, what comes after it in the write-ahead log.
        server.stop()
        kinesis = k.client(server.start())
        for stream in (PLAIN, SEALED, CHANGED):
            put(kinesis, stream, 5)
        known = {"at": int(time.time()), "streams": seen(kinesis)}
        server.kill()
        with tarfile.open(FOLDER / f"{version}.tar.xz", "x:xz") as archive:
            archive.add(server.data_dir, "data", filter=lambda member: None if "/LOG" in member.name else member)
        (FOLDER / f"{version}.json").write_text(json.dumps(known, indent=1) + "\n")
    finally:
        server.discard()


if __name__ == "__main__":
    main(sys.argv[1])
