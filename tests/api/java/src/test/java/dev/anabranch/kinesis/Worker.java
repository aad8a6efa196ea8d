package dev.anabranch.kinesis;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/** One KCL application with one worker; keeps every record in the order in which its processors were given them. */
final class Worker implements AutoCloseable {
    /** A user record as the KCL hands it over, taken out of its aggregate. */
    record Seen(String shard, String partitionKey, String data, String sequenceNumber, long subSequenceNumber, boolean aggregated) {}

    final List<Seen> records = new CopyOnWriteArrayList<>();
    final Set<String> begun = ConcurrentHashMap.newKeySet();
    final Set<String> ended = ConcurrentHashMap.newKeySet();
    final List<Throwable> failures = new CopyOnWriteArrayList<>();
    private final KinesisAsyncClient kinesis = Node.async(Node.PLAIN);
    private final DynamoDbAsyncClient dynamodb;
    private final CloudWatchAsyncClient cloudwatch;
    private final Scheduler scheduler;
    private final Thread thread;

    static Worker polling(String stream) {
        return new Worker(stream, "polling", false);
    }

    static Worker fanOut(String stream) {
        return new Worker(stream, "fan-out", true);
    }

    private Worker(String stream, String kind, boolean pushed) {
        String application = stream + "-" + kind;
        dynamodb = DynamoDbAsyncClient.builder()
                .endpointOverride(Node.DYNAMODB)
                .region(Node.REGION)
                .credentialsProvider(Node.CREDENTIALS)
                .build();
        // Never called: metrics are off below.
        cloudwatch = CloudWatchAsyncClient.builder()
                .endpointOverride(Node.DYNAMODB)
                .region(Node.REGION)
                .credentialsProvider(Node.CREDENTIALS)
                .build();
        var horizon = InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
        ConfigsBuilder configs = new ConfigsBuilder(
                new SingleStreamTracker(stream, horizon), application, kinesis, dynamodb, cloudwatch, "worker", Processor::new);
        RetrievalSpecificConfig retrieval = pushed
                ? new FanOutConfig(kinesis).streamName(stream).applicationName(application)
                : new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(200);
        // The KCL's own pace suits hours of work, not a test: leases and children are looked for more often.
        scheduler = new Scheduler(
                configs.checkpointConfig(),
                configs.coordinatorConfig().parentShardPollIntervalMillis(200).shardConsumerDispatchPollIntervalMillis(50),
                configs.leaseManagementConfig().failoverTimeMillis(2_000).shardSyncIntervalMillis(1_000),
                configs.lifecycleConfig(),
                configs.metricsConfig().metricsLevel(MetricsLevel.NONE),
                configs.processorConfig(),
                configs.retrievalConfig().retrievalSpecificConfig(retrieval));
        thread = new Thread(scheduler, application);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws Exception {
        scheduler.startGracefulShutdown().get(30, TimeUnit.SECONDS);
        kinesis.close();
        dynamodb.close();
        cloudwatch.close();
    }

    private final class Processor implements ShardRecordProcessor {
        private String shard;

        @Override
        public void initialize(InitializationInput input) {
            shard = input.shardId();
            begun.add(shard);
        }

        @Override
        public void processRecords(ProcessRecordsInput input) {
            input.records().forEach(record -> records.add(new Seen(
                    shard,
                    record.partitionKey(),
                    StandardCharsets.UTF_8.decode(record.data()).toString(),
                    record.sequenceNumber(),
                    record.subSequenceNumber(),
                    record.aggregated())));
            attempt(() -> input.checkpointer().checkpoint());
        }

        @Override
        public void leaseLost(LeaseLostInput input) {
            failures.add(new IllegalStateException("the lease of " + shard + " is lost"));
        }

        @Override
        public void shardEnded(ShardEndedInput input) {
            attempt(() -> input.checkpointer().checkpoint());
            ended.add(shard);
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {
            attempt(() -> input.checkpointer().checkpoint());
        }

        private void attempt(Checkpoint checkpoint) {
            try {
                checkpoint.run();
            } catch (Exception failure) {
                failures.add(failure);
            }
        }
    }

    private interface Checkpoint {
        void run() throws Exception;
    }
}
