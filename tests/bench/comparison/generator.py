"""`anabranch bench`, called as a program; its JSON is all that comes back."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from comparison.peers import ACCESS_KEY, SECRET_KEY
from comparison.processes import Process

#: The generator reports and then exits with 3 when some requests failed; the report says how many.
DONE, PARTLY = 0, 3


class BenchError(RuntimeError):
    """The generator could not do its work; the text is its own."""


def bench(workload: str, *flags: str, server: Process | None = None, seconds_max: int = 180) -> dict:
    command = [os.environ["ANABRANCH_BIN"], "bench", workload, "--output", "json", *flags]
    if server is not None:
        command += ["--endpoint-url", server.endpoint, "--server-pid", str(server.pid)]
    env = {**os.environ, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": "us-east-1"}
    env.pop("AWS_SESSION_TOKEN", None)
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=seconds_max)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{workload} took more than {seconds_max} s") from None
    if done.returncode not in (DONE, PARTLY) or not done.stdout.strip():
        raise BenchError(done.stderr.strip() or f"{workload} exited with {done.returncode}")
    report = json.loads(done.stdout)
    if "requests" in report and not report["requests"]:
        raise BenchError(f"{workload}: nothing succeeded: {report['errors']}")
    return report


def plain_rocksdb(directory: Path, value_bytes: int, seconds: int) -> dict:
    binary = Path(os.environ["CARGO_TARGET_DIR"]) / "release" / "examples" / "plain_rocksdb"
    command = [str(binary), f"dir={directory}", f"value={value_bytes}", f"seconds={seconds}"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=180)
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"plain RocksDB: {error}") from error
    return json.loads(done.stdout)
