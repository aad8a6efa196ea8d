package dev.anabranch.kinesis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StartingPosition;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** The asynchronous client over HTTP/2, in plain text by prior knowledge and over TLS by ALPN. */
class SubscribeToShardTest {
    private static final String FIRST_SHARD = "shardId-000000000000";
    private static final int PATIENCE_SECONDS = 30;

    static List<URI> endpoints() {
        return Node.endpoints();
    }

    /** A subscription whose events are handed over as they come. */
    private static final class Subscription {
        final BlockingQueue<SubscribeToShardEvent> events = new LinkedBlockingQueue<>();
        final CompletableFuture<Void> ended;

        Subscription(KinesisAsyncClient client, String consumer, StartingPosition from) {
            ended = client.subscribeToShard(
                    request -> request.consumerARN(consumer).shardId(FIRST_SHARD).startingPosition(from),
                    SubscribeToShardResponseHandler.builder()
                            .subscriber(SubscribeToShardResponseHandler.Visitor.builder()
                                    .onSubscribeToShardEvent(events::add)
                                    .build())
                            .build());
        }

        /** Events until so many records have come. */
        List<SubscribeToShardEvent> take(int records) throws InterruptedException {
            List<SubscribeToShardEvent> taken = new ArrayList<>();
            while (taken.stream().mapToInt(event -> event.records().size()).sum() < records) {
                SubscribeToShardEvent event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
                assertNotNull(event, "no event came; the subscription: " + ended);
                taken.add(event);
            }
            return taken;
        }
    }

    private static List<String> data(List<SubscribeToShardEvent> events) {
        return events.stream()
                .flatMap(event -> event.records().stream())
                .map(record -> record.data().asUtf8String())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("endpoints")
    void recordsArePushedResumedAndEndWithChildren(URI endpoint) throws Exception {
        try (KinesisClient control = Node.sync();
                KinesisAsyncClient client = Node.async(endpoint)) {
            String name = Node.stream(control, "java-push", 1);
            String consumer = register(client, Node.arn(control, name), "pushed");
            put(client, name, 0, 10);
            Subscription first =
                    new Subscription(client, consumer, from(ShardIteratorType.TRIM_HORIZON, null));
            List<SubscribeToShardEvent> early = first.take(10);
            assertEquals(numbers(0, 10), data(early));
            put(client, name, 10, 20);
            List<SubscribeToShardEvent> live = first.take(10);
            assertEquals(numbers(10, 20), data(live));
            SubscribeToShardEvent last = live.get(live.size() - 1);
            assertEquals(0L, last.millisBehindLatest());
            assertTrue(last.childShards().isEmpty());
            first.ended.cancel(true);

            // Where the application goes on after its connection broke.
            put(client, name, 20, 30);
            control.splitShard(request -> request.streamName(name)
                    .shardToSplit(FIRST_SHARD)
                    .newStartingHashKey(BigInteger.TWO.pow(127).toString()));
            Node.awaitActive(control, name);
            Thread.sleep(100);
            Subscription second = new Subscription(
                    client, consumer, from(ShardIteratorType.AFTER_SEQUENCE_NUMBER, last.continuationSequenceNumber()));
            List<SubscribeToShardEvent> rest = new ArrayList<>(second.take(10));
            assertEquals(numbers(20, 30), data(rest));
            second.ended.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            second.events.drainTo(rest);
            assertEquals(
                    Set.of("shardId-000000000001", "shardId-000000000002"),
                    new TreeSet<>(rest.get(rest.size() - 1).childShards().stream()
                            .map(child -> child.shardId())
                            .toList()));
            control.deleteStream(request -> request.streamName(name).enforceConsumerDeletion(true));
        }
    }

    @ParameterizedTest
    @MethodSource("endpoints")
    void aSubscriptionOfNobodyIsRefused(URI endpoint) {
        try (KinesisAsyncClient client = Node.async(endpoint)) {
            String nobody = "arn:aws:kinesis:us-east-1:000000000000:stream/nowhere/consumer/nobody:1700000000";
            Subscription refused = new Subscription(client, nobody, from(ShardIteratorType.LATEST, null));
            CompletionException failure = assertThrows(CompletionException.class, refused.ended::join);
            assertInstanceOf(ResourceNotFoundException.class, failure.getCause());
        }
    }

    @ParameterizedTest
    @MethodSource("endpoints")
    void manyCallsShareAConnection(URI endpoint) {
        try (KinesisClient control = Node.sync();
                KinesisAsyncClient client = Node.async(endpoint)) {
            String name = Node.stream(control, "java-many", 2);
            List<CompletableFuture<String>> puts = IntStream.range(0, 200)
                    .mapToObj(number -> client.putRecord(request -> request.streamName(name)
                                    .partitionKey("key-" + number)
                                    .data(SdkBytes.fromUtf8String("data-" + number)))
                            .thenApply(answer -> answer.sequenceNumber()))
                    .toList();
            assertEquals(200, puts.stream().map(CompletableFuture::join).distinct().count());
            control.deleteStream(request -> request.streamName(name));
        }
    }

    private static String register(KinesisAsyncClient client, String stream, String consumer) {
        String arn = client.registerStreamConsumer(request -> request.streamARN(stream).consumerName(consumer))
                .join()
                .consumer()
                .consumerARN();
        Eventually.holds("consumer " + consumer + " is ACTIVE", () -> client.describeStreamConsumer(request -> request.consumerARN(arn))
                .join()
                .consumerDescription()
                .consumerStatusAsString()
                .equals("ACTIVE"));
        return arn;
    }

    private static void put(KinesisAsyncClient client, String stream, int from, int to) {
        for (String number : numbers(from, to)) {
            client.putRecord(request -> request.streamName(stream).partitionKey("key").data(SdkBytes.fromUtf8String(number)))
                    .join();
        }
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(Integer::toString).toList();
    }

    private static StartingPosition from(ShardIteratorType type, String number) {
        return StartingPosition.builder().type(type).sequenceNumber(number).build();
    }
}
