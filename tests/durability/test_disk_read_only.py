"""A disk that fails as most do: its file system meets an error and makes itself read-only under the running server.

An ext4 file system in a file, mounted through a loop device with `errors=remount-ro`; the kernel's own switch for tests,
`/sys/fs/ext4/DEVICE/trigger_fs_error`, is the error. A plain `mount -o remount,ro` is refused while files are open for
writing, so nothing less tests a server that runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from harness import kinesis as k
from harness.load import Connection, Journal, Load, Refused, verify
from harness.server import Server

SIZE_MIB = 512
EXIT_SECONDS = 20
SIZE = 20_000


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()


class Ext4:
    """A file system that can be broken and repaired."""

    def __init__(self, scratch: Path):
        self.image = scratch / "image"
        self.mount_point = scratch / "mount"
        self.mount_point.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(SIZE_MIB * 2**20)
        run("mkfs.ext4", "-q", str(self.image))
        self.device = run("losetup", "--find", "--show", str(self.image))
        self.mount("rw")

    def mount(self, how: str) -> None:
        run("mount", "-o", f"errors=remount-ro,{how}", self.device, str(self.mount_point))

    def unmount(self) -> None:
        run("umount", str(self.mount_point))

    def meet_an_error(self) -> None:
        switch = Path("/sys/fs/ext4") / Path(self.device).name / "trigger_fs_error"
        switch.write_text("1")
        with pytest.raises(OSError, match="Read-only"):
            (self.mount_point / "probe").touch()

    def repair(self) -> None:
        """As a person does: unmount, check, mount."""
        self.unmount()
        subprocess.run(["fsck.ext4", "-fy", self.device], check=False, capture_output=True)
        self.mount("rw")

    def discard(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.mount_point)], check=False, capture_output=True)
        subprocess.run(["losetup", "--detach", self.device], check=False, capture_output=True)


@pytest.fixture
def disk():
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("a file system of its own needs root and mkfs.ext4")
    scratch = Path(tempfile.mkdtemp(prefix="anabranch-ext4-"))
    try:
        made = Ext4(scratch)
    except OSError as refused:
        shutil.rmtree(scratch, ignore_errors=True)
        pytest.skip(f"this machine does not let tests mount a loop device: {refused}")
    yield made
    made.discard()
    shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture
def server(disk):
    running = Server("--retention-interval", "1s", data_dir=disk.mount_point / "data")
    running.start()
    yield running
    running.discard()


def refusal_of(call) -> Refused:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value


def assert_retryable(refusal: Refused) -> None:
    assert str(refusal).startswith(("500", "503")), f"an SDK retries what is the server's fault: {refusal}"


def exit_of(server: Server) -> str:
    """What a server that cannot start says; it must end by itself."""
    before = len(server.log())
    server.spawn()
    assert server.process.wait(EXIT_SECONDS) == 1
    return server.log()[before:]


@pytest.mark.timeout(240)
def test_a_disk_that_turns_read_only_under_load_refuses_writes_serves_reads_and_loses_nothing(server, disk, new_stream):
    journal = Journal()
    stream = new_stream(server, 2)
    # Records of this size fill memtables, so that flushes meet the error too.
    load = Load(server, stream, journal, producers=3, size=SIZE).start()
    k.eventually(lambda: len(journal.acked) > 2_000, seconds=60, what="records acknowledged")
    disk.meet_an_error()
    acked_before = len(journal.acked)
    k.eventually(lambda: journal.refused, seconds=30, what="writes refused")
    load.stop()
    assert len(journal.acked) - acked_before < 2_000, "what was under way, and no more"
    connection = Connection(server)

    put = {"StreamName": stream, "PartitionKey": "a", "Data": b"d"}
    for _ in range(3):
        assert_retryable(refusal_of(lambda: connection.call("PutRecord", put)))
    batch = connection.call("PutRecords", {"StreamName": stream, "Records": [{"PartitionKey": "a", "Data": b"d"}] * 3})
    assert batch["FailedRecordCount"] == 3
    assert {result["ErrorCode"] for result in batch["Records"]} == {"InternalFailure"}
    for action, request in [
        ("CreateStream", {"StreamName": "another", "ShardCount": 1}),
        ("AddTagsToStream", {"StreamName": stream, "Tags": {"a": "b"}}),
        ("SplitShard", {"StreamName": stream, "ShardToSplit": "shardId-000000000000", "NewStartingHashKey": "5"}),
    ]:
        assert_retryable(refusal_of(lambda action=action, request=request: connection.call(action, request)))

    # Reads and looks go on.
    verify(server, stream, journal, size=SIZE)
    assert connection.call("ListStreams", {})["StreamNames"] == [stream]
    assert server.admin_status("/healthz") == 200
    assert server.running()
    log = server.log()
    assert "the disk failed: nothing more is written until the next start" in log
    assert "panicked" not in log

    # A stop is as quick as ever, and a start says what is wrong, at once, instead of coming up half.
    server.stop()
    said = exit_of(server)
    assert "read-only" in said.lower(), said
    assert str(server.data_dir) in said, said

    disk.repair()
    server.start()
    verify(server, stream, journal, size=SIZE)
    connection = Connection(server)
    assert "SequenceNumber" in connection.call("PutRecord", put)


@pytest.mark.timeout(240)
def test_no_sync_that_the_error_meets_is_taken_for_one_that_succeeded(server, disk, new_stream, journal):
    """The kernel reports success of a sync that its journal's end made void, about one error in ten: hence the rounds."""
    stream = new_stream(server, 2)
    for _ in range(15):
        acked, refused = len(journal.acked), len(journal.refused)
        load = Load(server, stream, journal, producers=3, size=SIZE).start()
        k.eventually(lambda acked=acked: len(journal.acked) > acked + 300, seconds=60, what="records acknowledged")
        disk.meet_an_error()
        k.eventually(lambda refused=refused: len(journal.refused) > refused, seconds=30, what="writes refused")
        load.stop()
        server.kill()
        disk.repair()
        server.start()
        verify(server, stream, journal, size=SIZE)


@pytest.mark.timeout(120)
def test_a_crash_on_a_disk_that_turned_read_only_loses_nothing(server, disk, new_stream, journal):
    stream = new_stream(server, 1)
    load = Load(server, stream, journal, producers=2).start()
    k.eventually(lambda: len(journal.acked) > 500, seconds=60, what="records acknowledged")
    disk.meet_an_error()
    k.eventually(lambda: journal.refused, seconds=30, what="writes refused")
    server.kill()
    load.stop()
    disk.repair()
    server.start()
    verify(server, stream, journal)


@pytest.mark.timeout(120)
def test_a_start_on_a_read_only_disk_says_so(server, disk, new_stream, journal):
    stream = new_stream(server, 1)
    load = Load(server, stream, journal, producers=1).start()
    time.sleep(0.2)
    load.stop()
    server.stop()
    disk.unmount()
    disk.mount("ro")
    said = exit_of(server)
    assert "read-only" in said.lower(), said
    assert str(server.data_dir) in said, said
    disk.unmount()
    disk.mount("rw")
    server.start()
    verify(server, stream, journal)
