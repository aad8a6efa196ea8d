"""The judge is judged: histories that no log could have given are told from those that one could."""

from __future__ import annotations

import pytest

from harness.history import History, Put, Read, check, lost, staleness


def number(ordinal: int) -> int:
    """A sequence number that carries this ordinal, as AWS lays them out."""
    return int(f"2{'0' * 10}{ordinal:016x}{'0' * 20}", 16)


def put(ordinal: int, began: float, ended: float, data: str | None = None) -> Put:
    return Put("s", number(ordinal), data or f"r{ordinal}", began, ended)


def read(ordinals: list[int], began: float, reader: str = "a", at_tip: bool = False) -> Read:
    return Read(reader, "s", tuple((number(it), f"r{it}") for it in ordinals), at_tip, began, began + 0.1)


def test_one_log_is_believed() -> None:
    puts = [put(0, 0, 2), put(1, 1, 2), put(2, 3, 4)]
    reads = [read([0, 1], 2.5), read([], 2.7, at_tip=True), read([2], 5), read([0, 1, 2], 5, "b", at_tip=True)]
    history = History(puts, reads)
    assert check(history) == [] and lost(history) == [] and staleness(history) == 0


@pytest.mark.parametrize(
    ("puts", "reads"),
    [
        ([put(1, 0, 1), put(0, 2, 3)], []),
        ([put(0, 0, 1, "one"), put(0, 0, 1, "other")], []),
        ([put(0, 0, 1, "one")], [read([0], 2)]),
        ([], [read([0, 2], 2)]),
        ([], [read([0, 1], 2), read([1, 2], 3)]),
        ([], [read([1], 2)]),
        ([], [read([1], 2), read([0], 3)]),
        ([put(0, 0, 1), put(1, 2, 3)], [read([0], 5, at_tip=True)]),
    ],
    ids=["number back in time", "two at one", "other bytes", "skipped", "repeated", "first missing", "order", "no tip"],
)
def test_what_no_log_gives_is_found(puts: list[Put], reads: list[Read]) -> None:
    assert check(History(puts, reads))


def test_what_was_acknowledged_and_never_read_is_lost() -> None:
    history = History([put(0, 0, 1), put(1, 2, 3)], [read([0], 5, at_tip=True)])
    assert [it.number for it in lost(history)] == [number(1)]
    assert staleness(history) == 2
