"""Three copies of every record: of ours beside one copy, and beside NATS JetStream and Kafka, on this machine."""
