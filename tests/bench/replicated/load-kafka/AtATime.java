import java.util.ArrayList;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The load of the benchmark on Kafka where callers wait for each record: what Kafka's own ProducerPerformance has no flag for.
 * Arguments: servers, topic, callers at a time, bytes of a record, seconds of warm-up, seconds.
 *
 * All callers share one client, as Kafka's documentation advises, and it waits for nothing before it sends.
 */
public final class AtATime {
    public static void main(String[] arguments) throws Exception {
        var topic = arguments[1];
        int callers = Integer.parseInt(arguments[2]);
        var record = new byte[Integer.parseInt(arguments[3])];
        double seconds = Double.parseDouble(arguments[5]);
        Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0], "acks", "all", "linger.ms", 0);
        var found = new long[callers][];
        try (var client = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            long from = System.nanoTime() + (long) (Double.parseDouble(arguments[4]) * 1e9);
            long to = from + (long) (seconds * 1e9);
            var threads = new ArrayList<Thread>();
            for (int caller = 0; caller < callers; caller++) {
                int number = caller;
                threads.add(new Thread(() -> found[number] = call(client, topic, number, record, from, to)));
            }
            threads.forEach(Thread::start);
            for (var thread : threads) {
                thread.join();
            }
        }
        var latencies = Arrays.stream(found).flatMapToLong(Arrays::stream).sorted().toArray();
        System.out.printf(
            "{\"recordsPerSecond\": %f, \"latencyMs\": {\"p50\": %f, \"p99\": %f}}%n",
            latencies.length / seconds, quantile(latencies, 0.5), quantile(latencies, 0.99));
    }

    private static long[] call(KafkaProducer<byte[], byte[]> client, String topic, int number, byte[] record, long from, long to) {
        var latencies = new ArrayList<Long>();
        int partitions = client.partitionsFor(topic).size();
        while (true) {
            long begun = System.nanoTime();
            if (begun >= to) {
                return latencies.stream().mapToLong(Long::longValue).toArray();
            }
            try {
                client.send(new ProducerRecord<>(topic, number % partitions, null, record)).get();
            } catch (InterruptedException | ExecutionException failure) {
                throw new IllegalStateException(failure);
            }
            long ended = System.nanoTime();
            if (begun >= from && ended < to) {
                latencies.add(ended - begun);
            }
        }
    }

    private static double quantile(long[] sorted, double of) {
        return sorted[(int) (of * (sorted.length - 1))] / 1e6;
    }
}
