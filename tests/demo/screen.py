"""The live view: throughput, lag and the stream's shards as bars, drawn in place on a terminal, a line at a time elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time

from demo.board import Board
from demo.resharding import HASH_KEYS, Resharded

FRAME_SECONDS = 0.2
LINE_SECONDS = 2.0
# Rates are shown over this long: shorter jumps about, longer hides the moment of a reshard.
WINDOW_SECONDS = 1.0
SPARKS = " ▁▂▃▄▅▆▇█"
COLOURS = (34, 36, 32, 33, 35, 31, 94)


class Rate:
    """Records a second over a sliding window, with what it was before."""

    def __init__(self):
        self._points: list[tuple[float, int]] = []
        self.history: list[float] = []
        self.now = 0.0

    def note(self, at: float, total: int) -> None:
        self._points = [point for point in self._points if at - point[0] <= WINDOW_SECONDS] + [(at, total)]
        began, first = self._points[0]
        elapsed = at - began
        self.now = (total - first) / elapsed if elapsed > 0 else 0.0
        self.history.append(self.now)

    def sparkline(self, width: int) -> str:
        highest = max(self.history, default=0.0) or 1.0
        return "".join(SPARKS[round(value / highest * (len(SPARKS) - 1))] for value in self.history[-width:])


class Screen:
    def __init__(self, records: int, board: Board, ranges: list[tuple[int, int]]):
        self.records, self.board, self.ranges = records, board, ranges
        self.log: list[str] = []
        self.rates = {"put": Rate(), "poll": Rate(), "push": Rate()}
        self._began = time.monotonic()
        self._rows_drawn, self._noted, self._drawn = 0, 0.0, 0.0
        self.live = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"

    def tell(self, news: Resharded) -> None:
        """A reshard is done: new bars, and a line that stays."""
        self.ranges = news.ranges
        line = (
            f"{self._clock()}  {news.before} → {news.after} shards in {news.seconds * 1000:.0f} ms, "
            f"{news.put_meanwhile:,} records put meanwhile, ranges tile"
        )
        self.log.append(line)
        if not self.live:
            print(line, flush=True)

    def draw(self, last: bool = False) -> None:
        now = time.monotonic()
        if not last and now - self._noted < FRAME_SECONDS:
            return
        self._noted = now
        for name, total in (("put", self.board.put), ("poll", self.board.polling.read), ("push", self.board.fan_out.read)):
            self.rates[name].note(now, total)
        if self.live:
            self._draw_frame()
        elif last or now - self._drawn >= LINE_SECONDS:
            self._drawn = now
            print(self._line(), flush=True)

    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:6.1f} s"

    def _line(self) -> str:
        polling, fan_out = self.board.polling, self.board.fan_out
        return (
            f"{self._clock()}  {len(self.ranges)} shards  put {self.board.put:,} ({self.rates['put'].now:,.0f}/s)  "
            f"polled {polling.read:,}, lag {polling.lag_ms} ms  pushed {fan_out.read:,}, lag {fan_out.lag_ms} ms"
        )

    def _draw_frame(self) -> None:
        width = min(shutil.get_terminal_size((100, 30)).columns, 120)
        rows = [
            f"\033[1mAnabranch\033[0m  {self._clock()}   {self._progress(width - 24)}",
            "",
            *self._row("producers", self.board.put, "put", f"slowest call {self.board.slowest_put_ms:.0f} ms", width),
            *self._row("polling", self.board.polling.read, "poll", f"lag {self.board.polling.lag_ms} ms", width),
            *self._row("fan-out", self.board.fan_out.read, "push", f"lag {self.board.fan_out.lag_ms} ms", width),
            "",
            f"  {len(self.ranges)} open shards over the hash keys   {self._shards(width - 36)}",
            "",
            *(f"  {line}"[:width] for line in self.log),
        ]
        # Back to the first row of the last frame, then each row over the old one.
        back = f"\033[{self._rows_drawn}F" if self._rows_drawn else ""
        print(back + "".join(f"\033[2K{row}\n" for row in rows), end="", flush=True)
        self._rows_drawn = len(rows)

    def _row(self, name: str, total: int, rate: str, lag: str, width: int) -> list[str]:
        rates = self.rates[rate]
        return [f"  {name:10}{total:>9,}  {rates.now:>8,.0f}/s  {lag:<22}\033[36m{rates.sparkline(max(0, width - 56))}\033[0m"]

    def _progress(self, width: int) -> str:
        share = self.board.put / max(1, self.records)
        full = round(share * max(0, width))
        return f"\033[32m{'━' * full}\033[90m{'━' * (width - full)}\033[0m"

    def _shards(self, width: int) -> str:
        bars = ""
        for place, (start, end) in enumerate(self.ranges):
            left, right = start * width // HASH_KEYS, (end + 1) * width // HASH_KEYS
            bars += f"\033[{COLOURS[place % len(COLOURS)]}m{'█' * max(0, right - left - 1)} "
        return bars + "\033[0m"
