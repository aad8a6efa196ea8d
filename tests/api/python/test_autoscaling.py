"""An on-demand stream follows its load, in a process without Prometheus or Kubernetes; a provisioned one does not."""

import json
import threading

import pytest

from harness import kinesis as k
from harness.manifests import manifest
from harness.server import Server


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


SMALL = {"shards": 1, "shardLimits": {"writeRecordsPerSecond": 20}, "autoscaling": {"minShards": 1, "maxShards": 4}}


def node(directory, spec: dict, *flags: str) -> Server:
    """A node with one stream, as its manifest has it."""
    directory.mkdir(exist_ok=True)
    (directory / "stream.yaml").write_text(manifest("DataStream", "scaled", spec, "anabranch.dev/v1alpha1"))
    return Server(f"--manifests={directory}", *flags, limits=True)


def offer(kinesis, calls: int) -> None:
    """Three times what one shard takes, with keys all over the ring."""
    for call in range(calls):
        records = [{"PartitionKey": f"{call} {place}", "Data": b"d"} for place in range(60)]
        kinesis.put_records(StreamName="scaled", Records=records)
        threading.Event().wait(1)


def test_a_provisioned_stream_follows_its_load_where_its_manifest_says_so_also_after_a_restart(tmp_path):
    server = node(tmp_path / "manifests", SMALL)
    with server:
        kinesis = k.client(server)
        k.wait_active(kinesis, "scaled")
        for _ in range(60):
            offer(kinesis, 1)
            if open_shards(kinesis, "scaled") > 1:
                break
        scaled = open_shards(kinesis, "scaled")
        assert 1 < scaled <= 4
        # It looks every five seconds, and sees then what became of it.
        offer(kinesis, 8)
        server.stop()
        remembered = json.loads((server.data_dir / "autoscaling.json").read_text())
        assert [memoir["changes"] != [] for memoir in remembered.values()] == [True]
        server.start()
        k.wait_active(k.client(server), "scaled")
        # The manifest's number is what the stream began with.
        assert open_shards(k.client(server), "scaled") >= scaled


@pytest.mark.parametrize(
    ("spec", "flags"),
    [(SMALL, ["--no-autoscaling"]), ({**SMALL, "autoscaling": {**SMALL["autoscaling"], "dryRun": True}}, [])],
    ids=["switched off", "dry run"],
)
def test_shards_stay_where_they_are_to(tmp_path, spec, flags):
    with node(tmp_path / "manifests", spec, *flags) as server:
        kinesis = k.client(server)
        k.wait_active(kinesis, "scaled")
        offer(kinesis, 25)
        assert open_shards(kinesis, "scaled") == 1
        assert ("would reshard" in server.log()) == (not flags)
