package dev.anabranch.kinesis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/** KPL 1: its native daemon aggregates user records over TLS, and the KCL takes them apart again. */
class KplTest {
    private static final int RECORDS = 3_000;
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    @Test
    void aggregatedRecordsArriveOverTlsAndAreTakenApart() throws Exception {
        try (KinesisClient kinesis = Node.sync()) {
            String stream = Node.stream(kinesis, "kpl", 2);
            Map<String, UserRecordResult> acknowledged = put(stream);
            Set<String> kinesisRecords = new HashSet<>();
            acknowledged.values().forEach(result -> kinesisRecords.add(result.getShardId() + " " + result.getSequenceNumber()));
            // How much fewer is the KPL's affair: it aggregates from when it has learnt the shards, on a thread of its own.
            assertTrue(kinesisRecords.size() < RECORDS, RECORDS + " user records lie in " + kinesisRecords.size());

            try (Worker worker = Worker.polling(stream)) {
                Eventually.holds("all user records have come", PATIENCE, () -> worker.records.size() >= RECORDS);
                Thread.sleep(1_000);
                assertEquals(List.of(), worker.failures);
                assertEquals(RECORDS, worker.records.size());
                Set<String> places = new HashSet<>();
                for (Worker.Seen seen : worker.records) {
                    UserRecordResult result = acknowledged.remove(seen.data());
                    assertTrue(result != null, seen + " was not put, or came twice");
                    assertEquals(result.getSequenceNumber(), seen.sequenceNumber());
                    assertEquals(result.getShardId(), seen.shard());
                    assertTrue(places.add(seen.sequenceNumber() + " " + seen.subSequenceNumber()), "a sub-sequence number twice");
                }
                assertTrue(worker.records.stream().anyMatch(Worker.Seen::aggregated));
            }
            kinesis.deleteStream(request -> request.streamName(stream).enforceConsumerDeletion(true));
        }
    }

    private static Map<String, UserRecordResult> put(String stream) throws Exception {
        KinesisProducerConfiguration configuration = new KinesisProducerConfiguration()
                .setRegion(Node.REGION.id())
                .setCredentialsProvider(Node.CREDENTIALS)
                .setMetricsCredentialsProvider(Node.CREDENTIALS)
                .setKinesisEndpoint(Node.TLS.getHost())
                .setKinesisPort(Node.TLS.getPort())
                // Not there: metrics and the caller's account are nothing that the producer needs.
                .setCloudwatchEndpoint(Node.TLS.getHost())
                .setCloudwatchPort(Node.TLS.getPort())
                .setStsEndpoint(Node.TLS.getHost())
                .setStsPort(Node.TLS.getPort())
                .setMetricsLevel("none")
                .setCaCertFile(Node.AUTHORITY.toString())
                .setAggregationEnabled(true)
                .setRecordMaxBufferedTime(200)
                .setLogLevel("warning");
        KinesisProducer producer = new KinesisProducer(configuration);
        try {
            List<Future<UserRecordResult>> puts = new ArrayList<>();
            for (int number = 0; number < RECORDS; number++) {
                ByteBuffer data = ByteBuffer.wrap(("data-" + number).getBytes(StandardCharsets.UTF_8));
                puts.add(producer.addUserRecord(stream, "key-" + number % 50, data));
                if (number == 0) {
                    // By its answer the KPL has most likely learnt the shards: what it sends before, it cannot aggregate.
                    puts.get(0).get(60, TimeUnit.SECONDS);
                }
            }
            producer.flush();
            Map<String, UserRecordResult> acknowledged = new HashMap<>();
            for (int number = 0; number < RECORDS; number++) {
                UserRecordResult result = puts.get(number).get(60, TimeUnit.SECONDS);
                assertTrue(result.isSuccessful());
                acknowledged.put("data-" + number, result);
            }
            return acknowledged;
        } finally {
            producer.destroy();
        }
    }
}
