"""What a power cut and a bad disk do to the files: tails that are torn, bits that are flipped."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from harness import kinesis as k
from harness.load import Load, ordinal, parse, payload, verify


def write_ahead_logs(data_dir: Path) -> list[Path]:
    return sorted((path for path in data_dir.rglob("*.log") if path.stat().st_size), key=lambda path: path.stat().st_mtime)


@pytest.fixture
def killed(server, journal, new_stream):
    """A server killed under load, with its newest write-ahead log."""
    server.start()
    stream = new_stream(server, 2)
    load = Load(server, stream, journal).start()
    time.sleep(1)
    server.kill()
    load.stop()
    return server, stream, write_ahead_logs(server.data_dir)[-1]


def garbage(kind: int) -> bytes:
    """No record of RocksDB's log: that is `crc u32 | length u16 | type u8 | payload`, and this length is too great."""
    return b"\xc1\xbc\xa0\x85\xff\xff" + bytes([kind]) + random.Random(kind).randbytes(770)


TAILS = {
    "a page of zeros": b"\0" * 4096,
    "blocks of zeros": b"\0" * 100_000,
    "a record": garbage(1),
    "a recycled record": garbage(6),
}


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS.keys())
def test_garbage_behind_the_last_write_is_cut_off(killed, journal, tail):
    server, stream, log = killed
    with open(log, "ab") as file:
        file.write(tail)
    server.start()
    verify(server, stream, journal)
    k.client(server).put_record(StreamName=stream, PartitionKey="a", Data=b"goes on")


def assert_a_true_prefix(server, stream, journal):
    """What is still there is what was acknowledged under the same number, without a hole; nothing is made up."""
    kinesis = k.client(server)
    for shard, records in k.read_stream(kinesis, stream).items():
        previous = None
        for record in records:
            name, number = parse(record["Data"]), int(record["SequenceNumber"])
            assert record["Data"] == payload(*name, 100)
            assert name in journal.acked or name in journal.in_doubt
            if name in journal.acked:
                assert (journal.acked[name].shard, journal.acked[name].number) == (shard, number)
            assert previous is None or ordinal(number) == ordinal(previous) + 1
            previous = number


@pytest.mark.parametrize("cut", [1, 7, 100, 5000])
def test_a_tail_that_was_cut_leaves_a_true_prefix(killed, journal, cut):
    """A disk that lied about fsync. We cannot have what is not there, but must not make anything up."""
    server, stream, log = killed
    os.truncate(log, max(0, log.stat().st_size - cut))
    server.start()
    assert_a_true_prefix(server, stream, journal)
    k.client(server).put_record(StreamName=stream, PartitionKey="a", Data=b"p0-k0:0:")


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_flipped_bit_is_never_served(killed, journal, place):
    """Either the server says that the disk is broken, or it serves only what is right."""
    server, stream, log = killed
    with open(log, "r+b") as file:
        file.seek(int(log.stat().st_size * place))
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0x10]))
    server.spawn()
    try:
        server.wait_ready(20)
    except RuntimeError as refusal:
        assert "orrupt" in str(refusal) or "checksum" in str(refusal), refusal
        return
    assert_a_true_prefix(server, stream, journal)


def test_a_flipped_bit_in_a_stored_record_is_an_error_with_its_place(server, journal, new_stream):
    """In the files behind the log: the checksum of the entry notices, and says which shard."""
    server.start()
    stream = new_stream(server, 1)
    kinesis = k.client(server)
    marker = b"MARK" * 2500
    for _ in range(20):
        kinesis.put_records(StreamName=stream, Records=[{"PartitionKey": "a", "Data": marker}] * 100)
    server.stop()
    flipped = False
    for path in sorted(server.data_dir.rglob("*")):
        if path.is_file() and not path.name.endswith((".log", ".json", ".yaml")):
            content = path.read_bytes()
            at = content.find(marker)
            if at >= 0:
                with open(path, "r+b") as file:
                    file.seek(at + 5000)
                    file.write(b"X")
                flipped = True
                break
    if not flipped:
        pytest.skip("the records are still in the log, or compressed")
    server.start()
    kinesis = k.client(server)
    try:
        records = k.read_all(kinesis, stream, "shardId-000000000000")
    except kinesis.exceptions.ClientError as failure:
        assert failure.response["Error"]["Code"] == "InternalFailure"
        assert server.running()
        return
    assert all(record["Data"] == marker for record in records), "a damaged record was served as if it were whole"


def test_a_second_server_on_the_same_directory_is_refused(server, new_stream):
    from harness.server import Server

    server.start()
    stream = new_stream(server)
    second = Server(data_dir=server.data_dir)
    second.spawn()
    try:
        assert second.process.wait(10) != 0
        assert str(server.data_dir) in second.log(), "the refusal names the directory"
    finally:
        second.discard()
    k.client(server).put_record(StreamName=stream, PartitionKey="a", Data=b"d")
