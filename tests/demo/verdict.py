"""The end of the demo: what was acknowledged against what each consumer saw, record by record."""

from __future__ import annotations

from dataclasses import dataclass

from demo.board import Board, Counters, Ledger


@dataclass
class Findings:
    name: str
    read: int
    lost: int
    renumbered: int
    twice: int
    disordered: int
    strange: int
    lag_ms_max: int
    shards_read: int
    # The first record that differs: what to look for in the logs.
    example: str

    @property
    def faults(self) -> int:
        return self.lost + self.renumbered + self.twice + self.disordered + self.strange

    def __str__(self) -> str:
        return (
            f"{self.name:10} read {self.read:,} of {self.shards_read} shards: {self.lost} lost, {self.twice} twice, "
            f"{self.disordered} out of order, {self.renumbered} under another number, {self.strange} altered; "
            f"greatest lag {self.lag_ms_max:,} ms{self.example}"
        )


def examine(name: str, records: int, acknowledged: Ledger, seen: Ledger, consumer: Counters) -> Findings:
    lost, renumbered, example = 0, 0, ""
    for record in range(records):
        wanted, got = acknowledged.get(record), seen.get(record)
        lost += got == 0
        renumbered += got not in (0, wanted)
        if got != wanted and not example:
            example = f"\n{'':10} the first that differs: record {record}, acknowledged as {wanted}, read as {got or 'nothing'}"
    return Findings(
        name, consumer.read, lost, renumbered, consumer.twice, consumer.disordered, consumer.strange, consumer.lag_ms_max,
        consumer.shards_read, example,
    )  # fmt: skip


def verdict(records: int, board: Board) -> tuple[bool, list[str]]:
    """Whether all is well, and the lines that say so."""
    unacknowledged = sum(board.acknowledged.get(record) == 0 for record in range(records))
    findings = [
        examine("polling", records, board.acknowledged, board.polled, board.polling),
        examine("fan-out", records, board.acknowledged, board.pushed, board.fan_out),
    ]
    calls = sum(producer.calls for producer in board.producers)
    retries = sum(producer.sdk_retries for producer in board.producers)
    lines = [
        f"{'producers':10} put {records - unacknowledged:,} of {records:,} records in {calls:,} PutRecords: "
        f"{board.refused} entries refused, {retries} retries by the SDK; slowest call {board.slowest_put_ms:.0f} ms",
        *map(str, findings),
    ]
    return unacknowledged == 0 and board.refused == 0 and not any(found.faults for found in findings), lines
