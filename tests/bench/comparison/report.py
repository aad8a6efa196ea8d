"""The results as Markdown: the aims, then every server beside ours with ratios."""

from __future__ import annotations

from comparison import aims, peers

WORKLOADS = (
    ("put-records", "PutRecords 500 × 1 KiB, 4 producers", "recordsPerSecond", "records/s"),
    ("put-records-cbor", "the same in CBOR", "recordsPerSecond", "records/s"),
    ("put-record-1", "PutRecord, 1 producer", "recordsPerSecond", "records/s"),
    ("put-record-32", "PutRecord, 32 producers", "recordsPerSecond", "records/s"),
    ("put-record-256", "PutRecord, 256 producers", "recordsPerSecond", "records/s"),
    ("get-records", "GetRecords, 4 consumers", "megabytesPerSecond", "MB/s"),
    ("get-records-cbor", "the same in CBOR", "megabytesPerSecond", "MB/s"),
)


def markdown(results: dict) -> str:
    tables = (heading, aims_table, servers_table, latency_table, costs_table, notes)
    parts = [make(results) for make in tables]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(header: list[str], body: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def heading(results: dict) -> str:
    machine = results["machine"]
    return (
        f"# Benchmark\n\n{machine['processors']} × {machine['processor']}, {machine['memoryGib']} GiB, {machine['kernel']}; "
        f"{results['mode']} run of {results['when']}. The generator shares the processors with the server it loads."
    )


def aims_table(results: dict) -> str:
    body = [[row.work, row.aim, row.measured, row.verdict()] for row in aims.rows(results)]
    return "## Aims\n\n" + table(["work", "aim", "measured", ""], body)


def servers_table(results: dict) -> str:
    servers = results["servers"]
    header = ["work", *(f"{name} ({promise(name)})" for name in servers)]
    body = []
    for workload, title, member, unit in WORKLOADS:
        ours = servers.get("anabranch", {}).get(workload, {}).get(member)
        beside = {name: None if name == "anabranch" else ours for name in servers}
        cells = [cell(found.get(workload), member, unit, beside[name]) for name, found in servers.items()]
        body.append([title, *cells])
    return "## Every server\n\nIn parentheses: how many times as much Anabranch does.\n\n" + table(header, body)


def promise(name: str) -> str:
    return next((peer.promise for peer in peers.ALL if peer.name == name), "")


def cell(result: dict | None, member: str, unit: str, ours: float | None) -> str:
    if result is None:
        return "–"
    if "failed" in result:
        return "failed"
    value = result[member]
    text = f"{value:,.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    if ours is not None and value > 0:
        text += f" ({ours / value:.1f} ×)"
    if result["errors"]:
        text += f", {sum(result['errors'].values()):,} errors"
    return text


def latency_table(results: dict) -> str:
    body = []
    for name, found in results["servers"].items():
        for workload, result in found.items():
            if latency := result.get("latencyMs"):
                quantiles = [f"{latency[quantile]:.3f}" for quantile in ("p50", "p90", "p99", "p99.9", "max")]
                body.append([name, workload, *quantiles])
    header = ["server", "work", "p50 ms", "p90", "p99", "p99.9", "max"]
    return "## Latency\n\n" + table(header, body)


def costs_table(results: dict) -> str:
    body = []
    for workload, result in results["servers"].get("anabranch", {}).items():
        if (server := result.get("server")) and result["bytes"]:
            busy = server["cpuSeconds"] / result["seconds"]
            generator = result["client"]["cpuSeconds"] / result["seconds"]
            cells = [f"{busy:.2f}", f"{server['cpuMicrosPerKib']:.2f}", f"{generator:.2f}", f"{server['residentMib']:.0f}"]
            body.append([workload, *cells])
    header = ["work", "processors busy", "µs a KiB", "generator's processors", "resident MiB"]
    return "## What Anabranch uses\n\n" + table(header, body) if body else ""


def notes(results: dict) -> str:
    lines = ["## Beside it", ""]
    if disk := results.get("disk"):
        small, large = disk["fdatasync4KibMs"], disk["fdatasync512KibMs"]
        lines.append(
            f"* The disk: fdatasync of 4 KiB p50 {small['p50']:.3f} ms, of 512 KiB p50 {large['p50']:.3f} ms; "
            f"sequential write {disk['writeMegabytesPerSecond']:.0f} MB/s, read {disk['readMegabytesPerSecond']:.0f} MB/s."
        )
    if plain := results.get("rocksdb"):
        lines.append(
            f"* Plain RocksDB, one thread, synced values of {plain['valueBytes']:,} bytes: "
            f"{plain['megabytesPerSecond']:.0f} MB/s, p50 {plain['p50Ms']:.2f} ms, p99 {plain['p99Ms']:.2f} ms."
        )
    if (cold := results.get("cold")) and "failed" not in cold:
        lines.append(
            f"* {cold['payloadBytes'] / 1e6:,.0f} MB of records took {cold['writtenBytes'] / 1e6:,.0f} MB of writes and "
            f"hold {cold['storedPerPayload']:.2f} times their size on the disk; "
            f"the server started again in {cold['restartSeconds']:.2f} s."
        )
    failed = [
        f"* {name} failed at {workload}: {result['failed']}"
        for name, found in results["servers"].items()
        for workload, result in found.items()
        if "failed" in result
    ]
    return "\n".join([*lines, *failed])
