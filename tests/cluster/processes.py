"""Processes that outlive the command that started them: started with a log, found again and killed by recorded pid.

A record holds the pid and when the kernel says that the process began, so that a number that was given to another process
since is never killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
from pathlib import Path

from cluster.state import State

DEATH_SECONDS = 20


def start(state: State, name: str, command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    if running(state, name):
        return
    with state.log(name).open("ab") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    _record(state, name).write_text(json.dumps({"pid": process.pid, "began": _began(process.pid)}))


def running(state: State, name: str) -> bool:
    return pid(state, name) is not None


def pid(state: State, name: str) -> int | None:
    """The recorded process, if it is still the same one and not dead already."""
    try:
        record = json.loads(_record(state, name).read_text())
    except FileNotFoundError:
        return None
    return record["pid"] if _began(record["pid"]) == record["began"] else None


def kill(state: State, name: str) -> None:
    """End it at once and come back when it is gone."""
    found = pid(state, name)
    if found is not None:
        kill_and_wait(found)
    _record(state, name).unlink(missing_ok=True)


def kill_and_wait(process: int) -> None:
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        if not select.select([handle], [], [], DEATH_SECONDS)[0]:
            raise RuntimeError(f"process {process} is still there {DEATH_SECONDS} s after it was killed")
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)
    # If another run of this program started it, it is no child of ours and init reaps it.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)


def child_of(parent: int) -> int | None:
    """The only child of a process."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _stat(int(stat.parent.name))
        if fields and int(fields[1]) == parent:
            return int(stat.parent.name)
    return None


def recorded(state: State) -> list[str]:
    return sorted(path.stem for path in (state.directory / "processes").glob("*.json"))


def _record(state: State, name: str) -> Path:
    return state.directory / "processes" / f"{name}.json"


def _began(process: int) -> str | None:
    """In ticks since the machine started; nothing for a process that is gone or waits to be reaped."""
    fields = _stat(process)
    return fields[19] if fields and fields[0] not in ("Z", "X") else None


def _stat(process: int) -> list[str] | None:
    """The fields after the command's name, which may hold spaces and brackets: state, parent, …"""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
