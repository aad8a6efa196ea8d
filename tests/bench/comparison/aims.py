"""The aims, each beside what was measured. Pure: the results of a run in, rows out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    work: str
    aim: str
    measured: str
    met: bool | None

    def verdict(self) -> str:
        return {True: "met", False: "**missed**", None: "not measured"}[self.met]


def rows(results: dict) -> list[Row]:
    return [
        *put_records(results),
        *one_producer(results),
        *many_producers(results),
        *reads(results),
        *fan_out(results),
        *idle(results),
        *write_amplification(results),
    ]


def figure(results: dict, server: str, workload: str, *path: str) -> float | None:
    found = results["servers"].get(server, {}).get(workload)
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found


def row(work: str, aim: str, parts: tuple[float | None, ...], text, is_met) -> Row:
    if any(part is None for part in parts):
        return Row(work, aim, "–", None)
    return Row(work, aim, text(*parts), is_met(*parts))


def put_records(results: dict) -> list[Row]:
    ours = figure(results, "anabranch", "put-records", "recordsPerSecond")
    theirs = figure(results, "ferrokinesis", "put-records", "recordsPerSecond")
    speed = figure(results, "anabranch", "put-records", "megabytesPerSecond")
    plain = (results.get("rocksdb") or {}).get("megabytesPerSecond")
    work = "PutRecords, 500 × 1 KiB, 4 producers, durable"
    return [
        row(
            work,
            "≥ 1.5 × ferrokinesis (memory)",
            (ours, theirs),
            lambda a, b: f"{a:,.0f} / {b:,.0f} records/s = {a / b:.2f} ×",
            lambda a, b: a >= 1.5 * b,
        ),
        row(
            work,
            "≥ 80 % of plain RocksDB",
            (speed, plain),
            lambda a, b: f"{a:.0f} / {b:.0f} MB/s = {a / b:.0%}",
            lambda a, b: a >= 0.8 * b,
        ),
    ]


def one_producer(results: dict) -> list[Row]:
    p50 = figure(results, "anabranch", "put-record-1", "latencyMs", "p50")
    p99 = figure(results, "anabranch", "put-record-1", "latencyMs", "p99")
    disk = ((results.get("disk") or {}).get("fdatasync4KibMs") or {}).get("p50")
    work = "PutRecord 1 KiB, one producer"
    return [
        row(
            work,
            "p50 ≤ fdatasync p50 + 0.3 ms",
            (p50, disk),
            lambda a, b: f"{a:.3f} ms (fdatasync {b:.3f} ms)",
            lambda a, b: a <= b + 0.3,
        ),
        row(work, "p99 ≤ 5 × p50", (p99, p50), lambda a, b: f"{a:.3f} ms = {a / b:.1f} ×", lambda a, b: a <= 5 * b),
    ]


def many_producers(results: dict) -> list[Row]:
    found = []
    for producers in (32, 256):
        workload = f"put-record-{producers}"
        ours = figure(results, "anabranch", workload, "recordsPerSecond")
        theirs = figure(results, "ferrokinesis", workload, "recordsPerSecond")
        found.append(
            row(
                f"PutRecord 1 KiB, {producers} producers",
                "≥ ferrokinesis (memory)",
                (ours, theirs),
                lambda a, b: f"{a:,.0f} / {b:,.0f} records/s = {a / b:.2f} ×",
                lambda a, b: a >= b,
            )
        )
    return found


def reads(results: dict) -> list[Row]:
    ours = figure(results, "anabranch", "get-records", "megabytesPerSecond")
    theirs = figure(results, "ferrokinesis", "get-records", "megabytesPerSecond")
    cold = ((results.get("cold") or {}).get("read") or {}).get("megabytesPerSecond")
    disk = (results.get("disk") or {}).get("readMegabytesPerSecond")
    return [
        row(
            "GetRecords, 4 consumers, cached",
            "≥ 3 × ferrokinesis (memory)",
            (ours, theirs),
            lambda a, b: f"{a:.0f} / {b:.0f} MB/s = {a / b:.2f} ×",
            lambda a, b: a >= 3 * b,
        ),
        row(
            "GetRecords, 4 consumers, cold",
            "≥ half of the disk's sequential read",
            (cold, disk),
            lambda a, b: f"{a:.0f} / {b:.0f} MB/s = {a / b:.0%}",
            lambda a, b: a >= 0.5 * b,
        ),
    ]


def fan_out(results: dict) -> list[Row]:
    p50 = figure(results, "anabranch", "subscribe", "latencyMs", "p50")
    p99 = figure(results, "anabranch", "subscribe", "latencyMs", "p99")
    disk = ((results.get("disk") or {}).get("fdatasync4KibMs") or {}).get("p50")
    work = "SubscribeToShard, put to delivery, 20 consumers"
    return [
        row(work, "p50 ≤ 3 ms + fdatasync", (p50, disk), lambda a, b: f"{a:.2f} ms", lambda a, b: a <= 3 + b),
        row(work, "p99 ≤ 20 ms", (p99,), lambda a: f"{a:.2f} ms", lambda a: a <= 20),
    ]


def idle(results: dict) -> list[Row]:
    measured = results.get("idle") or {}
    bounds = {"empty": 40, "1000 shards": 200}
    missing = [name for name in bounds if name not in measured]
    found = [Row(f"Idle, {name}", f"≤ {bounds[name]} MiB, processor ≈ 0", "–", None) for name in missing]
    for name, facts in measured.items():
        bound = bounds.get(name)
        memory, cpu = facts["residentMib"], facts["cpuPercent"]
        text = f"{memory:.0f} MiB, {cpu:.1f} % of a processor"
        if bound is not None:
            met = memory <= bound and cpu <= 1
            found.append(Row(f"Idle, {name}", f"≤ {bound} MiB, processor ≈ 0", text, met))
        else:
            text += f", starts in {facts['restartSeconds']:.2f} s"
            found.append(Row(f"Idle, {name}", "starts and lists, processor ≈ 0", text, cpu <= 1))
    return found


def write_amplification(results: dict) -> list[Row]:
    amplification = (results.get("cold") or {}).get("writeAmplification")
    return [
        row(
            "Bytes written to the disk a byte of record",
            "≤ 2.5",
            (amplification,),
            lambda a: f"{a:.2f}",
            lambda a: a <= 2.5,
        )
    ]
