"""StartStreamEncryption, and what lies on the disk then."""

import subprocess

from harness import kinesis as k

KEY = "alias/aws/kinesis"
SHARD = "shardId-000000000000"


def start(kinesis, name, key=KEY):
    kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
    k.wait_active(kinesis, name)


def on_disk(server, needle: bytes) -> bool:
    found = subprocess.run(
        ["grep", "--recursive", "--quiet", "--fixed-strings", "--text", needle.decode(), str(server.data_dir)], check=False
    )
    return found.returncode == 0


def test_descriptions_and_answers_say_kms(kinesis, stream):
    plain = kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"plain")
    assert "EncryptionType" not in plain
    start(kinesis, stream)
    described = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    assert (described["EncryptionType"], described["KeyId"]) == ("KMS", KEY)
    sealed = kinesis.put_record(StreamName=stream, PartitionKey="a", Data=b"sealed")
    assert sealed["EncryptionType"] == "KMS"
    batch = kinesis.put_records(StreamName=stream, Records=[{"PartitionKey": "a", "Data": b"sealed"}])
    assert batch["EncryptionType"] == "KMS"
    records = k.read_all(kinesis, stream, SHARD, at_least=3)
    assert [record.get("EncryptionType") for record in records] == [None, "KMS", "KMS"]
    assert [record["Data"] for record in records] == [b"plain", b"sealed", b"sealed"]


def test_the_disk_holds_no_plaintext_of_an_encrypted_stream(kinesis, server, make_stream):
    plain, sealed = make_stream(1), make_stream(1)
    start(kinesis, sealed)
    visible, hidden = k.unique_name("visible").encode(), k.unique_name("hidden").encode()
    kinesis.put_record(StreamName=plain, PartitionKey="a", Data=visible)
    kinesis.put_record(StreamName=sealed, PartitionKey=hidden.decode() + "-key", Data=hidden)
    assert on_disk(server, visible), "the search must be able to find what is not encrypted"
    assert not on_disk(server, hidden)
    assert k.read_all(kinesis, sealed, SHARD, at_least=1)[0]["Data"] == hidden


def test_the_type_none_is_refused(kinesis, stream):
    with k.refused("InvalidArgumentException"):
        kinesis.start_stream_encryption(StreamName=stream, EncryptionType="NONE", KeyId=KEY)


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        start(kinesis, "no-such")
