"""A story about enhanced fan-out that reads every copy: consumers get everything once and in order, from all pods."""

from __future__ import annotations

import threading
import time

from e2e.installation import Installation, Load
from e2e.test_durability import metric, pods
from e2e.test_replication import kill

CONSUMERS = ["first", "second", "third"]


class Consumer:
    """One registered consumer of every shard of a stream, from the beginning on."""

    def __init__(self, installation: Installation, stream: str, name: str) -> None:
        kinesis = installation.kinesis()
        arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
        self.arn = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=name)["Consumer"]["ConsumerARN"]
        self.installation = installation
        self.records: dict[str, list[tuple[int, str]]] = {}
        self.stopped = threading.Event()
        self.failure: Exception | None = None
        installation.until(f"consumer {name} is active", lambda: self._is_active(kinesis))
        shards = kinesis.list_shards(StreamName=stream)["Shards"]
        self.threads = [threading.Thread(target=self._follow, args=(shard["ShardId"],)) for shard in shards]

    def _is_active(self, kinesis) -> bool:
        described = kinesis.describe_stream_consumer(ConsumerARN=self.arn)
        return described["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"

    def _follow(self, shard: str) -> None:
        """As consumers do it: a subscription that breaks is made again from where it was."""
        kinesis = self.installation.kinesis()
        position = {"Type": "TRIM_HORIZON"}
        broken = 0
        while not self.stopped.is_set():
            try:
                events = kinesis.subscribe_to_shard(ConsumerARN=self.arn, ShardId=shard, StartingPosition=position)["EventStream"]
                for message in events:
                    event = message["SubscribeToShardEvent"]
                    for record in event["Records"]:
                        entry = (int(record["SequenceNumber"]), record["Data"].decode())
                        self.records.setdefault(record["PartitionKey"], []).append(entry)
                    position = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event["ContinuationSequenceNumber"]}
                    if self.stopped.is_set():
                        events.close()
                        return
            except Exception as failure:  # noqa: BLE001  a gateway may go on a busy machine; what is wrong comes again
                broken += 1
                if broken > 10:
                    self.failure = failure
                    return
                print(f"{shard}: subscribed again after {failure!r}")
                time.sleep(1)

    def has(self, acknowledged: dict[str, list[tuple[int, str]]]) -> bool:
        assert self.failure is None, self.failure
        return all(set(records) <= set(self.records.get(key, [])) for key, records in acknowledged.items())


def follower_reads(installation: Installation, pod: str) -> float:
    return metric(installation, pod, r'anabranch_replica_reads_total\{role="follower"\}')


def test_fan_out_reads_every_copy_and_nothing_is_skipped_or_repeated(installation: Installation) -> None:
    installation.stream("fanned", 2, replication={"factor": 3, "readFrom": "AnyReplica"})
    consumers = [Consumer(installation, "fanned", name) for name in CONSUMERS]
    with Load(installation, "fanned") as load:
        threads = [thread for consumer in consumers for thread in consumer.threads]
        for thread in threads:
            thread.start()
        # Three consumers of two shards are six subscriptions on six replicas: four of them follow.
        follow = lambda: [pod for pod in pods("fanned") if follower_reads(installation, pod) > 0]  # noqa: E731
        installation.until("followers are read", lambda: len(follow()) >= 2)
        kill(installation, "fanned-shards-1")
        time.sleep(2)
    load.check()
    for name, consumer in zip(CONSUMERS, consumers, strict=True):
        installation.until(f"consumer {name} has everything", lambda consumer=consumer: consumer.has(load.acknowledged))
        consumer.stopped.set()
    for thread in threads:
        thread.join()
    there = installation.records("fanned")
    for consumer in consumers:
        assert consumer.records == there
    print(f"reads by followers: {[follower_reads(installation, pod) for pod in pods('fanned')]}")
