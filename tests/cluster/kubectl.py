"""kubectl of the cluster's own version, as whoever the kubeconfig says, with an answer to read and an error to show."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 0.5
# What takes seconds on an idle machine takes a minute on one that also compiles.
PATIENCE_SECONDS = 120


class KubectlError(RuntimeError):
    pass


def _patience(command: list[str]) -> float:
    """How long kubectl may take: half a minute more than it was told to wait itself."""
    waits = [part.removeprefix("--timeout=") for part in command if part.startswith("--timeout=")]
    return max([PATIENCE_SECONDS, *(float(wait.removesuffix("s")) + 30 for wait in waits)])


class Kubectl:
    def __init__(self, program: Path, kubeconfig: Path):
        self.program = program
        self.kubeconfig = kubeconfig

    def __call__(self, *arguments: object, stdin: str | None = None) -> str:
        command = [str(self.program), "--kubeconfig", str(self.kubeconfig), *(str(part) for part in arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=_patience(command))
        if done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(command[3:])}: {done.stderr.strip()}")
        return done.stdout

    def get(self, *arguments: object) -> dict:
        return json.loads(self("get", *arguments, "--output", "json"))

    def apply(self, manifest: str, *arguments: object) -> str:
        """Server-side, so that what is applied twice or by two is told apart."""
        return self("apply", "--server-side", "--filename", "-", *arguments, stdin=manifest)

    def until(self, what: str, question: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> object:
        """Ask until the answer is true; an answer that is an error is asked again, because much is an error for a while."""
        began = time.monotonic()
        give_up = began + seconds
        while True:
            try:
                answer: object = question()
            except (KubectlError, KeyError, IndexError) as error:
                answer, last = None, repr(error)
            else:
                last = repr(answer)
            if answer:
                # Seen when the test fails, or with -rA.
                print(f"after {time.monotonic() - began:.1f} s: {what}")
                return answer
            if time.monotonic() > give_up:
                raise AssertionError(f"not within {seconds} s: {what}; the last answer was {last}")
            time.sleep(POLL_SECONDS)
