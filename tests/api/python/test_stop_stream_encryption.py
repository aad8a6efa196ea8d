"""StopStreamEncryption."""

from harness import kinesis as k

KEY = "alias/aws/kinesis"


def test_what_was_sealed_stays_readable_and_new_records_are_plain(kinesis, stream):
    kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=KEY)
    k.wait_active(kinesis, stream)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"sealed")
    kinesis.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=KEY)
    k.wait_active(kinesis, stream)
    described = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    assert described["EncryptionType"] == "NONE"
    assert "KeyId" not in described
    assert "EncryptionType" not in kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"plain")
    records = k.read_all(kinesis, stream, "shardId-000000000000", at_least=2)
    assert [(record["Data"], record.get("EncryptionType")) for record in records] == [(b"sealed", "KMS"), (b"plain", None)]


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.stop_stream_encryption(StreamName="no-such", EncryptionType="KMS", KeyId=KEY)
