"""The power goes: of each file there is what was synced, and what was acknowledged is in that.

A killed process leaves what it wrote with the system, synced or not, so that a kill alone cannot tell an acknowledgement
before the sync from one after it. Here a library under the server notes each sync, and the test cuts every file down to it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness import kinesis as k
from harness.load import Load, verify
from harness.server import Server

CUTS = 5


class Power:
    """What the disk would have, if the power went now."""

    def __init__(self, scratch: Path):
        self.library = scratch / "synced.so"
        self.notes = scratch / "synced"
        self.notes.touch()
        source = Path(__file__).with_name("synced.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.library, source, "-ldl"], check=True)

    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "SYNCED_NOTES": str(self.notes)}

    def cut(self, data_dir: Path) -> int:
        """Takes from every file what was not synced. Says how many bytes of logs that were."""
        by_inode, by_path = {}, {}
        for line in self.notes.read_text().splitlines():
            inode, size, path = line.split(" ", 2)
            by_inode[int(inode)] = by_path[path] = int(size)
        lost = 0
        for path in data_dir.rglob("*"):
            if not path.is_file():
                continue
            found = path.stat()
            # Others are renamed once they are whole; a log never is, and may have the number of a file that is gone.
            is_log = path.suffix == ".log"
            synced = by_path.get(str(path), 0) if is_log else by_inode.get(found.st_ino, 0)
            if found.st_size > synced:
                os.truncate(path, synced)
                lost += found.st_size - synced if is_log else 0
        return lost


@pytest.fixture
def power(tmp_path) -> Power:
    return Power(tmp_path)


@pytest.fixture
def server(power):
    running = Server(env=power.environment())
    yield running
    running.discard()


@pytest.mark.timeout(200)
def test_what_was_acknowledged_survives_a_power_cut(server, power, journal, chance, new_stream):
    server.start()
    stream = new_stream(server, 3)
    for _ in range(CUTS):
        enough = len(journal.acked) + chance.randrange(20, 1000)
        load = Load(server, stream, journal, seed=chance.randrange(2**32)).start()
        k.eventually(lambda enough=enough: len(journal.acked) >= enough, seconds=60)
        server.kill()
        load.stop()
        print(f"{power.cut(server.data_dir)} bytes of the logs were not synced")
        server.start()
        verify(server, stream, journal)
