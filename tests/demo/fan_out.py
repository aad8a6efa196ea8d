"""The consumer that is pushed to: enhanced fan-out, one SubscribeToShard a shard, each on a thread of its own."""

from __future__ import annotations

import queue
import threading
import time

from demo.aws import kinesis
from demo.consumer import Inspector, Lineage, first_shards

CONNECTIONS = 64
# How long nothing may come after the last record before the consumer believes that nothing comes twice.
QUIET_SECONDS = 1.0


def subscribe(endpoint: str, stream: str, inspector: Inspector) -> None:
    client = kinesis(endpoint, CONNECTIONS)
    summary = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    consumer = register(client, summary["StreamARN"])
    # Subscriptions only hand over; one thread checks, so nothing there needs a lock.
    events: queue.Queue = queue.Queue(maxsize=256)

    def begin(shard: str) -> None:
        threading.Thread(target=_follow, args=(client, consumer, shard, events), daemon=True).start()

    lineage = Lineage(first_shards(client, stream))
    for shard in list(lineage.begun):
        begin(shard)
    while True:
        try:
            shard, event = events.get(timeout=QUIET_SECONDS)
        except queue.Empty:
            inspector.mine.lag_ms = 0
            if inspector.complete:
                break
            continue
        if isinstance(event, Exception):
            raise event
        inspector.take(shard, event["Records"])
        if "ChildShards" in event:
            inspector.mine.shards_read += 1
            for child in lineage.end(shard, event["ChildShards"]):
                begin(child)
    inspector.mine.shards_read += len(lineage.begun - lineage.ended)
    inspector.mine.done = 1


def register(client, stream_arn: str) -> str:
    """Register the consumer and wait until it is active."""
    arn = client.register_stream_consumer(StreamARN=stream_arn, ConsumerName="demo")["Consumer"]["ConsumerARN"]
    while client.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]["ConsumerStatus"] != "ACTIVE":
        time.sleep(0.05)
    return arn


def _follow(client, consumer: str, shard: str, events: queue.Queue) -> None:
    """Hand over every event of a shard to its end; a subscription that runs out is taken up where it was."""
    position = {"Type": "TRIM_HORIZON"}
    try:
        while True:
            stream = client.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition=position)["EventStream"]
            for message in stream:
                event = message["SubscribeToShardEvent"]
                events.put((shard, event))
                if "ChildShards" in event:
                    stream.close()
                    return
                position = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event["ContinuationSequenceNumber"]}
    except Exception as failure:
        events.put((shard, failure))
