package dev.anabranch.kinesis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;

/** KCL 3, polling and with enhanced fan-out, reads through a split and a merge. */
class KclTest {
    private static final int KEYS = 40;
    private static final int ROUNDS = 90;
    // The KCL waits for its leases in DynamoDB and reads a child only some seconds after its parents.
    private static final Duration PATIENCE = Duration.ofSeconds(100);

    static List<Arguments> retrievals() {
        return List.of(
                Arguments.of("polling", (Function<String, Worker>) Worker::polling),
                Arguments.of("fan-out", (Function<String, Worker>) Worker::fanOut));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("retrievals")
    void everyRecordComesOnceAndInOrderThroughASplitAndAMerge(String kind, Function<String, Worker> start) throws Exception {
        try (KinesisClient kinesis = Node.sync()) {
            String stream = Node.stream(kinesis, "kcl-" + kind, 2);
            try (Worker worker = start.apply(stream)) {
                putRounds(kinesis, stream, 0, ROUNDS / 3);
                Eventually.holds("the parents are being read", PATIENCE, () -> worker.records.size() >= KEYS);
                kinesis.splitShard(request -> request.streamName(stream)
                        .shardToSplit("shardId-000000000000")
                        .newStartingHashKey(BigInteger.TWO.pow(126).toString()));
                putRounds(kinesis, stream, ROUNDS / 3, 2 * ROUNDS / 3);
                Node.awaitActive(kinesis, stream);
                List<Shard> open = open(kinesis, stream);
                kinesis.mergeShards(request -> request.streamName(stream)
                        .shardToMerge(open.get(1).shardId())
                        .adjacentShardToMerge(open.get(2).shardId()));
                putRounds(kinesis, stream, 2 * ROUNDS / 3, ROUNDS);
                Node.awaitActive(kinesis, stream);

                Eventually.holds("all records have come", PATIENCE, () -> worker.records.size() >= KEYS * ROUNDS);
                Eventually.holds("the parents are read to their ends", PATIENCE, () -> worker.ended.size() == 3);
                // What came twice would come now.
                Thread.sleep(2_000);
                check(worker);
            }
            kinesis.deleteStream(request -> request.streamName(stream).enforceConsumerDeletion(true));
        }
    }

    private static void check(Worker worker) {
        assertEquals(List.of(), worker.failures);
        Map<String, List<Integer>> byKey = new HashMap<>();
        worker.records.forEach(seen ->
                byKey.computeIfAbsent(seen.partitionKey(), key -> new ArrayList<>()).add(Integer.valueOf(seen.data())));
        assertEquals(KEYS, byKey.size());
        List<Integer> rounds = IntStream.range(0, ROUNDS).boxed().toList();
        byKey.forEach((key, counters) -> assertEquals(rounds, counters, "the records of " + key));
        assertEquals(5, worker.begun.size(), "two shards, two of a split, one of a merge");
        assertTrue(worker.begun.containsAll(worker.ended));
        assertEquals(Set.of(false), Set.copyOf(worker.records.stream().map(Worker.Seen::aggregated).toList()));
    }

    private static List<Shard> open(KinesisClient kinesis, String stream) {
        return kinesis
                .listShards(request -> request.streamName(stream).shardFilter(filter -> filter.type(ShardFilterType.AT_LATEST)))
                .shards()
                .stream()
                .sorted(Comparator.comparing(shard -> new BigInteger(shard.hashKeyRange().startingHashKey())))
                .toList();
    }

    /** Each round is one call with every key once, so the order of each key is the order of the calls. */
    private static void putRounds(KinesisClient kinesis, String stream, int from, int to) {
        for (int round = from; round < to; round++) {
            SdkBytes data = SdkBytes.fromUtf8String(Integer.toString(round));
            List<PutRecordsRequestEntry> entries = IntStream.range(0, KEYS)
                    .mapToObj(key -> PutRecordsRequestEntry.builder().partitionKey("key-" + key).data(data).build())
                    .toList();
            assertEquals(0, kinesis.putRecords(request -> request.streamName(stream).records(entries)).failedRecordCount());
        }
    }
}
