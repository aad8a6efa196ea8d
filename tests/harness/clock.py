"""The server's clock, moved by libfaketime while it runs."""

from __future__ import annotations

import glob
from pathlib import Path

import pytest

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
needs_faketime = pytest.mark.skipif(LIBRARY is None, reason="Debian package faketime is not installed")


class Clock:
    """A file that libfaketime reads at every look at the wall clock."""

    def __init__(self, path: Path):
        self.path = path
        self.set("+0")

    def set(self, offset: str) -> None:
        self.path.write_text(offset + "\n")

    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            # Timers run by the monotonic clock and must not notice.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
