"""One server process: started on loopback, stopped by its process id, and asked what it used."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A server that runs between `with` and its end."""

    def __init__(self, command: list[str], port: int, log: Path, env: dict[str, str] | None = None, cwd: Path | None = None):
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self._log = log
        self._command = command
        self._env = {**os.environ, **(env or {})}
        self._cwd = cwd
        self._child: subprocess.Popen | None = None
        self.start_seconds = 0.0

    def __enter__(self) -> Process:
        begun = time.monotonic()
        with self._log.open("ab") as log:
            # A session of its own: ^C reaches this driver, which then stops the server in its own time.
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self._child = subprocess.Popen(self._command, env=self._env, cwd=self._cwd, start_new_session=True, **streams)
        self._wait_until_it_answers(begun + 60)
        self.start_seconds = time.monotonic() - begun
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._child.pid

    def stop(self) -> None:
        if self._child is None or self._child.poll() is not None:
            return
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def resident_mib(self) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def written_bytes(self) -> int:
        for line in Path(f"/proc/{self.pid}/io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
        return 0

    def _wait_until_it_answers(self, deadline: float) -> None:
        while True:
            if self._child.poll() is not None:
                raise RuntimeError(f"{self._command[0]} ended at once: {self._tail()}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{self._command[0]} does not listen: {self._tail()}") from None
                time.sleep(0.005)

    def _tail(self) -> str:
        return " | ".join(self._log.read_text(errors="replace").splitlines()[-5:])
