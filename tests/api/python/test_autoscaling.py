"""An on-demand stream follows its load, in a process without Prometheus or Kubernetes; a provisioned one does not."""

import threading

import pytest

from harness import kinesis as k


def open_shards(kinesis, stream):
    summary = k.patiently(kinesis.describe_stream_summary, StreamName=stream)["StreamDescriptionSummary"]
    return summary["OpenShardCount"]


@pytest.fixture
def overload(limited):
    """Keep putting three times the records that one shard takes, all of them to the first quarter of the ring."""
    stop, threads, failures = threading.Event(), [], []

    def put(stream):
        records = [{"PartitionKey": "k", "Data": b"d", "ExplicitHashKey": str(2**126 // 500 * place)} for place in range(500)]
        while not stop.wait(1 / 6):
            answer = limited.put_records(StreamName=stream, Records=records)
            codes = {record.get("ErrorCode") for record in answer["Records"]} - {None}
            if codes - {"ProvisionedThroughputExceededException"}:
                failures.append(codes)

    def begin(stream):
        threads.append(threading.Thread(target=put, args=(stream,)))
        threads[-1].start()

    yield begin
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_an_on_demand_stream_is_cut_where_its_load_is(limited, make_limited_stream, overload):
    stream = make_limited_stream(StreamModeDetails={"StreamMode": "ON_DEMAND"})
    provisioned = make_limited_stream(4)
    assert open_shards(limited, stream) == 4
    overload(stream)
    overload(provisioned)
    k.eventually(lambda: open_shards(limited, stream) >= 6, seconds=60, what="more shards than four")
    shards = k.patiently(limited.list_shards, StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    begins = [int(shard["HashKeyRange"]["StartingHashKey"]) for shard in shards]
    assert sum(begin < 2**126 for begin in begins) >= 3, "the first quarter was cut"
    assert sum(begin >= 2**126 for begin in begins) == 3, "the others were not"
    assert open_shards(limited, provisioned) == 4
