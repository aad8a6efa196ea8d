package dev.anabranch.kinesis;

import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.UUID;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.KinesisClientBuilder;

/** The node under test, and clients that differ from an application's only in the endpoint and in whom they trust. */
final class Node {
    static final URI PLAIN = URI.create(variable("ANABRANCH_ENDPOINT"));
    static final URI TLS = URI.create(variable("ANABRANCH_TLS_ENDPOINT"));
    static final URI DYNAMODB = URI.create(variable("ANABRANCH_DYNAMODB"));
    static final Path AUTHORITY = Path.of(variable("ANABRANCH_CA"));
    static final Region REGION = Region.US_EAST_1;
    static final AwsCredentialsProvider CREDENTIALS =
            StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "secret"));

    private Node() {}

    static KinesisClientBuilder syncBuilder(URI endpoint) {
        return KinesisClient.builder()
                .endpointOverride(endpoint)
                .region(REGION)
                .credentialsProvider(CREDENTIALS)
                .httpClientBuilder(ApacheHttpClient.builder().tlsTrustManagersProvider(Node::trustManagers));
    }

    static KinesisClient sync() {
        return syncBuilder(PLAIN).build();
    }

    /** HTTP/2, the protocol that the SDK wants for Kinesis: by prior knowledge in plain text, by ALPN over TLS. */
    static KinesisAsyncClient async(URI endpoint) {
        return KinesisAsyncClient.builder()
                .endpointOverride(endpoint)
                .region(REGION)
                .credentialsProvider(CREDENTIALS)
                .httpClientBuilder(NettyNioAsyncHttpClient.builder()
                        .protocol(Protocol.HTTP2)
                        .maxConcurrency(100)
                        .tlsTrustManagersProvider(Node::trustManagers))
                .build();
    }

    static String uniqueName(String prefix) {
        return prefix + "-" + UUID.randomUUID().toString().substring(0, 12);
    }

    /** A new stream, ready to use. */
    static String stream(KinesisClient kinesis, String prefix, int shards) {
        String name = uniqueName(prefix);
        kinesis.createStream(request -> request.streamName(name).shardCount(shards));
        kinesis.waiter().waitUntilStreamExists(request -> request.streamName(name));
        awaitActive(kinesis, name);
        return name;
    }

    static void awaitActive(KinesisClient kinesis, String stream) {
        Eventually.holds("stream " + stream + " is ACTIVE", () -> kinesis.describeStreamSummary(
                        request -> request.streamName(stream))
                .streamDescriptionSummary()
                .streamStatusAsString()
                .equals("ACTIVE"));
    }

    static String arn(KinesisClient kinesis, String stream) {
        return kinesis.describeStreamSummary(request -> request.streamName(stream))
                .streamDescriptionSummary()
                .streamARN();
    }

    private static TrustManager[] trustManagers() {
        try (InputStream pem = Files.newInputStream(AUTHORITY)) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            store.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(pem));
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return factory.getTrustManagers();
        } catch (Exception failure) {
            throw new IllegalStateException("trust " + AUTHORITY, failure);
        }
    }

    private static String variable(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new IllegalStateException(name + " is not set: run these tests with tests/api/java/test.sh");
        }
        return value;
    }

    static List<URI> endpoints() {
        return List.of(PLAIN, TLS);
    }
}
