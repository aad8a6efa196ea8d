"""A full disk: a small file system of its own."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from harness import kinesis as k
from harness.load import Connection, Load, Refused, verify
from harness.server import Server

SIZE_MIB = 640


@pytest.fixture
def small_disk():
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    directory = Path(tempfile.mkdtemp(prefix="anabranch-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", str(directory)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        directory.rmdir()
        pytest.skip(f"this machine does not let tests mount: {mounted.stderr.strip()}")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=False)
    directory.rmdir()


@pytest.fixture
def server(small_disk):
    running = Server("--retention-interval", "1s", data_dir=small_disk / "data")
    running.start()
    yield running
    running.discard()


def free_mib(directory: Path) -> float:
    facts = os.statvfs(directory)
    return facts.f_bavail * facts.f_frsize / 2**20


def fill(server: Server, stream: str) -> str:
    """Put until the server refuses; the refusal's text."""
    connection = Connection(server)
    entries = [{"PartitionKey": "filler", "Data": os.urandom(500_000)}] * 8
    for _ in range(SIZE_MIB):
        try:
            results = connection.call("PutRecords", {"StreamName": stream, "Records": entries})["Records"]
        except Refused as refusal:
            return str(refusal)
        failed = [result for result in results if "ErrorCode" in result]
        if failed:
            return f"{failed[0]['ErrorCode']}: {failed[0]['ErrorMessage']}"
    raise AssertionError(f"{SIZE_MIB} MiB of disk took more than that")


def writes_go(server: Server, stream: str) -> bool:
    try:
        return "SequenceNumber" in k.client(server).put_record(StreamName=stream, PartitionKey="a", Data=b"d" * 100)
    except Exception:
        return False


@pytest.mark.timeout(240)
def test_a_full_disk_refuses_writes_serves_reads_and_recovers_by_itself(server, small_disk, new_stream, journal):
    kept, filler = new_stream(server, 1), new_stream(server, 1)
    load = Load(server, kept, journal, producers=2).start()
    time.sleep(0.5)
    load.stop()
    refusal = fill(server, filler)
    assert server.running()
    # A client must be able to retry it: throttling or a server-side failure, not a mistake of the caller's.
    assert "ProvisionedThroughputExceeded" in refusal or "InternalFailure" in refusal or "ServiceUnavailable" in refusal, refusal
    assert free_mib(small_disk) > 1, "the reserve keeps the disk from filling to the last byte"
    verify(server, kept, journal)
    assert not writes_go(server, kept)
    # Deleting a stream gives the space back, and writes go on without anybody's help.
    k.client(server).delete_stream(StreamName=filler)
    k.eventually(lambda: writes_go(server, kept), seconds=60, what="writes resumed")
    assert server.running()


@pytest.mark.timeout(240)
def test_a_disk_filled_by_somebody_else_recovers_when_they_leave(server, small_disk, new_stream, journal):
    stream = new_stream(server, 1)
    load = Load(server, stream, journal, producers=2).start()
    time.sleep(0.5)
    ballast = small_disk / "ballast"
    with open(ballast, "wb") as file:
        try:
            while True:
                file.write(b"\0" * 2**20)
                file.flush()
        except OSError:
            pass
    time.sleep(1.5)
    assert server.running(), "a full disk must not kill the process"
    ballast.unlink()
    probed = new_stream_when_there_is_space(server)
    k.eventually(lambda: writes_go(server, probed), seconds=60, what="writes resumed")
    load.stop()
    assert server.running()
    verify(server, stream, journal)
    server.kill()
    server.start()
    verify(server, stream, journal)


def new_stream_when_there_is_space(server: Server) -> str:
    kinesis, name = k.client(server), k.unique_name()

    def made():
        try:
            kinesis.create_stream(StreamName=name, ShardCount=1)
        except kinesis.exceptions.ResourceInUseException:
            return True
        except Exception:
            return False
        return True

    k.eventually(made, seconds=60, what="a stream could be made")
    k.wait_active(kinesis, name)
    return name


@pytest.mark.timeout(240)
def test_a_restart_on_a_full_disk_serves_reads(server, small_disk, new_stream, journal):
    kept, filler = new_stream(server, 1), new_stream(server, 1)
    load = Load(server, kept, journal, producers=2).start()
    time.sleep(0.5)
    load.stop()
    fill(server, filler)
    server.kill()
    server.start()
    verify(server, kept, journal)
