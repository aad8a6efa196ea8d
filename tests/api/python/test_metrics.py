"""The admin port: health, readiness, and metrics with CloudWatch's meaning."""

import re
import time

from harness import kinesis as k


def value(metrics: str, name: str, **labels) -> float:
    total, found = 0.0, False
    for line in metrics.splitlines():
        match = re.match(rf"{name}(?:_total)?\{{(.*)\}} (\S+)$", line)
        if match and all(f'{key}="{wanted}"' in match.group(1) for key, wanted in labels.items()):
            total, found = total + float(match.group(2)), True
    assert found, f"no series {name} with {labels}"
    return total


def test_health_and_readiness(server):
    assert server.admin_status("/healthz") == 200
    assert server.admin_status("/readyz") == 200
    assert server.admin_status("/no-such-page") == 404


def test_the_exposition_is_well_formed(server, kinesis, stream):
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"d")
    families = set()
    for line in server.metrics().splitlines():
        if line.startswith("# TYPE "):
            family = line.split()[2]
            assert family not in families, f"{family} is declared twice"
            families.add(family)
        elif line and not line.startswith("#"):
            assert re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? \S+", line), line
    assert families


def test_incoming_records_and_bytes_are_counted_by_stream(server, kinesis, stream):
    kinesis.put_records(StreamName=stream, Records=[{"PartitionKey": "ab", "Data": b"12345678"}] * 10)
    metrics = server.metrics()
    names = [line.split()[2] for line in metrics.splitlines() if line.startswith("# TYPE ")]
    records = next(name for name in names if "incoming_records" in name)
    size = next(name for name in names if "incoming_bytes" in name)
    assert value(metrics, records.removesuffix("_total"), stream=stream) == 10
    assert value(metrics, size.removesuffix("_total"), stream=stream) == 100


def assert_no_series(server, name):
    k.eventually(lambda: f'"{name}"' not in server.metrics(), seconds=15, what="the series gone")


def test_a_deleted_streams_series_go(server, kinesis, make_stream):
    name = make_stream(1)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    time.sleep(1.5)
    kinesis.delete_stream(StreamName=name)
    k.wait_gone(kinesis, name)
    assert_no_series(server, name)


def test_a_stream_that_lived_for_an_instant_leaves_no_series(server, kinesis, make_stream):
    name = make_stream(1)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    kinesis.delete_stream(StreamName=name)
    k.wait_gone(kinesis, name)
    assert_no_series(server, name)


def test_a_stream_made_again_at_once_counts_on(server, kinesis, make_stream):
    name = make_stream(1)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    kinesis.delete_stream(StreamName=name)
    k.wait_gone(kinesis, name)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    k.wait_active(kinesis, name)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    # Another stream's series go with the look that follows its deletion: then this one's were looked at too.
    other = make_stream(1)
    kinesis.put_record(StreamName=other, PartitionKey="a", Data=b"d")
    kinesis.delete_stream(StreamName=other)
    k.wait_gone(kinesis, other)
    assert_no_series(server, other)
    before = value(server.metrics(), "anabranch_shard_incoming_records", stream=name)
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    assert value(server.metrics(), "anabranch_shard_incoming_records", stream=name) == before + 1
