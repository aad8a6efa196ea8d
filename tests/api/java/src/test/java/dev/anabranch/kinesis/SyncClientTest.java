package dev.anabranch.kinesis;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkSystemSetting;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.KinesisException;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceInUseException;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/** The blocking client: both codecs, records, iterators, pages, waiters and errors. */
class SyncClientTest {
    private static final String FIRST_SHARD = "shardId-000000000000";
    private static KinesisClient kinesis;
    private final List<String> streams = new ArrayList<>();

    @BeforeAll
    static void connect() {
        kinesis = Node.sync();
    }

    @AfterAll
    static void disconnect() {
        kinesis.close();
    }

    @AfterEach
    void deleteStreams() {
        streams.forEach(name -> kinesis.deleteStream(request -> request.streamName(name).enforceConsumerDeletion(true)));
    }

    private String stream(int shards) {
        String name = Node.stream(kinesis, "java", shards);
        streams.add(name);
        return name;
    }

    static List<URI> endpoints() {
        return Node.endpoints();
    }

    @ParameterizedTest
    @MethodSource("endpoints")
    void cborIsTheDefaultAndBytesAndTimesComeBack(URI endpoint) {
        roundTrip(endpoint, "application/x-amz-cbor-1.1");
    }

    @ParameterizedTest
    @MethodSource("endpoints")
    void jsonWorksWhereCborIsSwitchedOff(URI endpoint) {
        System.setProperty(SdkSystemSetting.CBOR_ENABLED.property(), "false");
        try {
            roundTrip(endpoint, "application/x-amz-json-1.1");
        } finally {
            System.clearProperty(SdkSystemSetting.CBOR_ENABLED.property());
        }
    }

    private void roundTrip(URI endpoint, String contentType) {
        String name = stream(1);
        AtomicReference<String> sent = new AtomicReference<>();
        AtomicReference<String> answered = new AtomicReference<>();
        ExecutionInterceptor listener = new ExecutionInterceptor() {
            @Override
            public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
                sent.set(context.httpRequest().firstMatchingHeader("Content-Type").orElse("none"));
            }

            @Override
            public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
                answered.set(context.httpResponse().firstMatchingHeader("Content-Type").orElse("none"));
            }
        };
        byte[] data = new byte[256];
        IntStream.range(0, data.length).forEach(place -> data[place] = (byte) place);
        Instant before = Instant.now().minusMillis(1);
        try (KinesisClient client = Node.syncBuilder(endpoint)
                .overrideConfiguration(override -> override.addExecutionInterceptor(listener))
                .build()) {
            var put = client.putRecord(
                    request -> request.streamName(name).partitionKey("ключ").data(SdkBytes.fromByteArray(data)));
            assertEquals(contentType, sent.get());
            assertEquals(contentType, answered.get());
            assertEquals(FIRST_SHARD, put.shardId());
            assertNull(put.encryptionTypeAsString());

            Record record = readAll(client, name, FIRST_SHARD, 1).get(0);
            assertArrayEquals(data, record.data().asByteArray());
            assertEquals("ключ", record.partitionKey());
            assertEquals(put.sequenceNumber(), record.sequenceNumber());
            Instant arrival = record.approximateArrivalTimestamp();
            assertFalse(arrival.isBefore(before) || arrival.isAfter(Instant.now().plusMillis(1)), arrival::toString);

            Instant created = client.describeStreamSummary(request -> request.streamName(name))
                    .streamDescriptionSummary()
                    .streamCreationTimestamp();
            assertTrue(Duration.between(created, Instant.now()).abs().compareTo(Duration.ofMinutes(2)) < 0, created::toString);
        }
    }

    @Test
    void putRecordsAnswersInOrderAndEveryRecordIsInItsShard() {
        String name = stream(3);
        List<PutRecordsRequestEntry> entries = IntStream.range(0, 500)
                .mapToObj(number -> PutRecordsRequestEntry.builder()
                        .partitionKey("key-" + number)
                        .data(SdkBytes.fromUtf8String("data-" + number))
                        .build())
                .toList();
        PutRecordsResponse answer = kinesis.putRecords(request -> request.streamName(name).records(entries));
        assertEquals(0, answer.failedRecordCount());
        assertEquals(500, answer.records().size());

        Set<String> found = new HashSet<>();
        for (Shard shard : shards(name)) {
            BigInteger previous = BigInteger.ZERO;
            for (Record record : readAll(kinesis, name, shard.shardId(), 1)) {
                BigInteger number = new BigInteger(record.sequenceNumber());
                assertTrue(number.compareTo(previous) > 0, "sequence numbers grow");
                previous = number;
                int place = Integer.parseInt(record.partitionKey().substring("key-".length()));
                assertEquals("data-" + place, record.data().asUtf8String());
                assertEquals(answer.records().get(place).sequenceNumber(), record.sequenceNumber());
                assertEquals(answer.records().get(place).shardId(), shard.shardId());
                assertTrue(found.add(record.partitionKey()));
            }
        }
        assertEquals(500, found.size());
    }

    @Test
    void everyTypeOfIteratorBeginsWhereItSays() {
        String name = stream(1);
        List<String> numbers = new ArrayList<>();
        for (String data : List.of("a", "b", "c")) {
            numbers.add(put(name, "key", data));
        }
        assertEquals("abc", read(name, ShardIteratorType.TRIM_HORIZON, null, null));
        assertEquals("bc", read(name, ShardIteratorType.AT_SEQUENCE_NUMBER, numbers.get(1), null));
        assertEquals("c", read(name, ShardIteratorType.AFTER_SEQUENCE_NUMBER, numbers.get(1), null));
        assertEquals("abc", read(name, ShardIteratorType.AT_TIMESTAMP, null, Instant.now().minusSeconds(60)));
        assertEquals("", read(name, ShardIteratorType.AT_TIMESTAMP, null, Instant.now()));
        String latest = kinesis.getShardIterator(request ->
                        request.streamName(name).shardId(FIRST_SHARD).shardIteratorType(ShardIteratorType.LATEST))
                .shardIterator();
        put(name, "key", "d");
        GetRecordsResponse page = kinesis.getRecords(request -> request.shardIterator(latest));
        assertEquals("d", page.records().get(0).data().asUtf8String());
        assertNotNull(page.nextShardIterator());
        assertEquals(0L, page.millisBehindLatest());
    }

    @Test
    void aClosedShardEndsWithItsChildren() {
        String name = stream(1);
        put(name, "key", "before");
        kinesis.splitShard(request ->
                request.streamName(name).shardToSplit(FIRST_SHARD).newStartingHashKey(BigInteger.TWO.pow(127).toString()));
        Node.awaitActive(kinesis, name);
        assertEquals("before", read(name, ShardIteratorType.TRIM_HORIZON, null, null));

        String position = kinesis.getShardIterator(request ->
                        request.streamName(name).shardId(FIRST_SHARD).shardIteratorType(ShardIteratorType.TRIM_HORIZON))
                .shardIterator();
        GetRecordsResponse page;
        do {
            String at = position;
            page = kinesis.getRecords(request -> request.shardIterator(at));
            position = page.nextShardIterator();
        } while (position != null);
        assertEquals(
                Set.of("shardId-000000000001", "shardId-000000000002"),
                new TreeSet<>(page.childShards().stream().map(child -> child.shardId()).toList()));
        page.childShards().forEach(child -> assertEquals(List.of(FIRST_SHARD), child.parentShards()));

        kinesis.mergeShards(request -> request.streamName(name)
                .shardToMerge("shardId-000000000001")
                .adjacentShardToMerge("shardId-000000000002"));
        Node.awaitActive(kinesis, name);
        List<Shard> open = kinesis.listShards(request ->
                        request.streamName(name).shardFilter(filter -> filter.type(ShardFilterType.AT_LATEST)))
                .shards();
        assertEquals(1, open.size());
        assertEquals("shardId-000000000001", open.get(0).parentShardId());
        assertEquals("shardId-000000000002", open.get(0).adjacentParentShardId());
        assertEquals(4, shards(name).size());
    }

    @Test
    void paginatorsFetchEveryPage() {
        Set<String> names = new TreeSet<>();
        for (int number = 0; number < 5; number++) {
            names.add(stream(1));
        }
        Set<String> listed = new TreeSet<>();
        kinesis.listStreamsPaginator(request -> request.limit(2)).stream()
                .peek(page -> assertTrue(page.streamNames().size() <= 2))
                .forEach(page -> listed.addAll(page.streamNames()));
        assertTrue(listed.containsAll(names));

        String wide = stream(12);
        List<String> shards = new ArrayList<>();
        String token = null;
        do {
            String next = token;
            var page = next == null
                    ? kinesis.listShards(request -> request.streamName(wide).maxResults(5))
                    : kinesis.listShards(request -> request.nextToken(next).maxResults(5));
            page.shards().forEach(shard -> shards.add(shard.shardId()));
            token = page.nextToken();
        } while (token != null);
        assertEquals(12, new HashSet<>(shards).size());
        assertEquals(12, shards.size());

        String arn = Node.arn(kinesis, wide);
        Set<String> consumers = new TreeSet<>(List.of("one", "two", "three"));
        consumers.forEach(consumer -> kinesis.registerStreamConsumer(request -> request.streamARN(arn).consumerName(consumer)));
        Set<String> registered = new TreeSet<>();
        kinesis.listStreamConsumersPaginator(request -> request.streamARN(arn).maxResults(1)).stream()
                .peek(page -> assertTrue(page.consumers().size() <= 1))
                .forEach(page -> page.consumers().forEach(consumer -> registered.add(consumer.consumerName())));
        assertEquals(consumers, registered);
    }

    @Test
    void waitersSeeAStreamComeAndGo() {
        String name = Node.stream(kinesis, "java", 1);
        kinesis.deleteStream(request -> request.streamName(name));
        kinesis.waiter().waitUntilStreamNotExists(request -> request.streamName(name));
        assertThrows(ResourceNotFoundException.class, () -> kinesis.describeStream(request -> request.streamName(name)));
    }

    @Test
    void errorsComeAsTheirClasses() {
        var missing = assertThrows(
                ResourceNotFoundException.class, () -> kinesis.describeStreamSummary(request -> request.streamName("nowhere")));
        assertEquals("Stream nowhere under account 000000000000 not found.", missing.awsErrorDetails().errorMessage());
        assertEquals(400, missing.statusCode());
        assertFalse(missing.requestId().isEmpty());

        String name = stream(1);
        var exists = assertThrows(
                ResourceInUseException.class, () -> kinesis.createStream(request -> request.streamName(name).shardCount(1)));
        assertEquals("Stream " + name + " under account 000000000000 already exists.", exists.awsErrorDetails().errorMessage());

        var invalid = assertThrows(KinesisException.class, () -> kinesis.createStream(request -> request.streamName("a b").shardCount(1)));
        assertEquals("ValidationException", invalid.awsErrorDetails().errorCode());
        assertEquals(
                "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: "
                        + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
                invalid.awsErrorDetails().errorMessage());

        var garbage = assertThrows(InvalidArgumentException.class, () -> kinesis.getRecords(request -> request.shardIterator("AAAA")));
        assertEquals("Invalid ShardIterator.", garbage.awsErrorDetails().errorMessage());
    }

    private List<Shard> shards(String name) {
        return kinesis.listShards(request -> request.streamName(name)).shards();
    }

    private String put(String stream, String key, String data) {
        return kinesis.putRecord(request -> request.streamName(stream).partitionKey(key).data(SdkBytes.fromUtf8String(data)))
                .sequenceNumber();
    }

    private String read(String stream, ShardIteratorType type, String number, Instant time) {
        String position = kinesis.getShardIterator(request -> request.streamName(stream)
                        .shardId(FIRST_SHARD)
                        .shardIteratorType(type)
                        .startingSequenceNumber(number)
                        .timestamp(time))
                .shardIterator();
        StringBuilder all = new StringBuilder();
        kinesis.getRecords(request -> request.shardIterator(position))
                .records()
                .forEach(record -> all.append(record.data().asUtf8String()));
        return all.toString();
    }

    private static List<Record> readAll(KinesisClient client, String stream, String shard, int atLeast) {
        String position = client.getShardIterator(request ->
                        request.streamName(stream).shardId(shard).shardIteratorType(ShardIteratorType.TRIM_HORIZON))
                .shardIterator();
        List<Record> records = new ArrayList<>();
        while (true) {
            String at = position;
            GetRecordsResponse page = client.getRecords(request -> request.shardIterator(at));
            records.addAll(page.records());
            position = page.nextShardIterator();
            if (position == null || (page.records().isEmpty() && page.millisBehindLatest() == 0)) {
                assertTrue(records.size() >= atLeast, "records of " + shard + ": " + records.size());
                return records;
            }
        }
    }
}
