"""One `anabranch standalone` process: started on free ports, asked when it is ready, stopped or killed, its log kept.

Knows nothing of any SDK; the tests of every language use it (through `harness.serve` when they are not Python).
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ACCOUNT_ID = "000000000000"
REGION = "us-east-1"
READY_SECONDS = 30.0
STOP_SECONDS = 20.0


def binary() -> str:
    """The program under test: `make` says where; by hand, the cache's release build."""
    cache = os.environ.get("ANABRANCH_CACHE", os.path.expanduser("~/.cache/anabranch"))
    target = os.environ.get("CARGO_TARGET_DIR", f"{cache}/target")
    path = os.environ.get("ANABRANCH_BIN", f"{target}/release/anabranch")
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not there: run `make build` first")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A standalone node and its directory. Restarting keeps the directory and the ports."""

    def __init__(
        self,
        *extra_args: str,
        data_dir: str | Path | None = None,
        anonymous: bool = True,
        limits: bool = False,
        env: dict[str, str] | None = None,
        wrapper: tuple[str, ...] = (),
    ):
        self.scratch = Path(tempfile.mkdtemp(prefix="anabranch-test-"))
        self.data_dir = Path(data_dir) if data_dir else self.scratch / "data"
        self.port = free_port()
        self.admin_port = free_port()
        self.log_path = self.scratch / "server.log"
        self.extra_args = list(extra_args)
        self.anonymous = anonymous
        self.limits = limits
        self.env = env or {}
        self.wrapper = wrapper
        self.process: subprocess.Popen | None = None
        self.started_in_seconds = 0.0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    def command(self) -> list[str]:
        command = [*self.wrapper, binary(), "standalone"]
        command += ["--listen", f"127.0.0.1:{self.port}", "--admin-listen", f"127.0.0.1:{self.admin_port}"]
        command += ["--data-dir", str(self.data_dir), "--account-id", ACCOUNT_ID, "--region", REGION]
        if self.anonymous:
            command.append("--allow-anonymous")
        if not self.limits:
            command.append("--no-limits")
        return command + self.extra_args

    def spawn(self) -> Server:
        """Start the process without waiting for it to be ready."""
        assert self.process is None or self.process.poll() is not None, "the server runs already"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **self.env}
            )
        return self

    def start(self) -> Server:
        began = time.monotonic()
        self.spawn()
        self.wait_ready(READY_SECONDS)
        self.started_in_seconds = time.monotonic() - began
        return self

    def wait_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server exited with {self.process.returncode}\n{self.log_tail()}")
            if self.admin_status("/readyz") == 200:
                return
            time.sleep(0.02)
        self.kill()
        raise TimeoutError(f"the server was not ready in {seconds} s\n{self.log_tail()}")

    def admin_status(self, path: str) -> int | None:
        """The HTTP status of an admin page; None while nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def metrics(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """As a power cut for the process: SIGKILL, no goodbye."""
        if self.running():
            self.process.kill()
        if self.process:
            self.process.wait()

    def stop(self) -> int:
        """As Kubernetes stops it: SIGTERM, and it must leave in time."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise TimeoutError(f"the server ignored SIGTERM for {STOP_SECONDS} s\n{self.log_tail()}") from None
        return self.process.returncode if self.process else 0

    def restart(self) -> Server:
        self.kill()
        return self.start()

    def resident_mib(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("the kernel reports no VmRSS")

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines: int = 60) -> str:
        tail = self.log().splitlines()[-lines:]
        return f"--- last lines of the server's log ({self.log_path})\n" + "\n".join(tail)

    def discard(self) -> None:
        """Stop whatever runs and remove the directory."""
        self.kill()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, kind, error, traceback) -> None:
        if error is not None:
            print(self.log_tail())
        self.discard()
