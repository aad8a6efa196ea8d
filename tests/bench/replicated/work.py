"""What everybody is asked to do, and what came of it: the same records, the same acknowledgement, the same disk.

A record of 1 KiB is acknowledged when two of three servers have it on stable storage.
"""

from __future__ import annotations

from dataclasses import dataclass

RECORD_BYTES = 1024
#: Shards of a stream, streams of JetStream, partitions of a topic: as many groups of three replicas.
GROUPS = 4
PACE = 20_000

SATURATED = "as many as are taken: 4 producers, 500 records of each under way"
PACED = f"{PACE:,} records/s from 4 producers"
ONE = "one at a time"
MANY = "32 at a time"
WORK = (SATURATED, PACED, ONE, MANY)


@dataclass(frozen=True)
class Figure:
    """Records a second, and how long one waited, in milliseconds."""

    rate: float
    p50: float
    p99: float

    @classmethod
    def of(cls, report: dict) -> Figure:
        """From the JSON of `anabranch bench` and of the loads here."""
        return cls(report["recordsPerSecond"], report["latencyMs"]["p50"], report["latencyMs"]["p99"])

    def __str__(self) -> str:
        return f"{self.rate:,.0f}/s, p50 {self.p50:.2f} ms, p99 {self.p99:.2f} ms"


def table(found: dict[str, dict[str, Figure]], base: str | None) -> str:
    """One row a subject of measurement, with what it is worth beside `base`, if that was measured."""
    work = [name for name in WORK if any(name in figures for figures in found.values())]
    lines = [f"| | {' | '.join(work)} |", "|---" * (len(work) + 1) + "|"]
    for subject, figures in found.items():
        cells = []
        for name in work:
            figure = figures.get(name)
            cell = str(figure) if figure else "–"
            reference = found.get(base, {}).get(name) if base and subject != base else None
            if figure and reference:
                cell += f" (ours × {reference.rate / figure.rate:.2f} in rate, × {reference.p50 / figure.p50:.2f} in p50)"
            cells.append(cell)
        lines.append(f"| {subject} | {' | '.join(cells)} |")
    return "\n".join(lines)
