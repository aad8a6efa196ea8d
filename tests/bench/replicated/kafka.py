"""Three servers of Kafka on loopback, every batch synced before it is acknowledged, from the jars that their registry has."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from bench.comparison.processes import Process, free_port
from bench.replicated.work import GROUPS, MANY, ONE, PACE, PACED, RECORD_BYTES, SATURATED, Figure

LOAD = Path(__file__).resolve().parent / "load-kafka"
VERSION = re.search(r"<kafka.version>(.*)</kafka.version>", (LOAD / "pom.xml").read_text()).group(1)
TITLE = f"Kafka {VERSION}, 3 brokers, `acks=all`, `flush.messages=1`, batches of 512 KiB"
BATCH_BYTES = 512 << 10
TOPIC = "bench"
#: As its own scripts start it, but for half the memory: three share this machine.
SERVER_MEMORY = "-Xmx512m"
#: Longer than the others': its compiler works while it runs.
WARM_UP_SECONDS = 5


def install(cache: Path) -> str:
    """The class path, fetched once for each version."""
    folder = cache / "peers" / f"kafka-{VERSION}"
    if not (folder / ".complete").exists():
        subprocess.run([LOAD.parents[2] / "setup" / "packages.sh", "java"], check=True)
        print(f"bench: fetching Kafka {VERSION} with Maven (a minute, once)", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        command = ["mvn", "--quiet", "--batch-mode", "--no-transfer-progress", "--file", str(LOAD / "pom.xml")]
        command += ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
        subprocess.run(command, check=True, stdout=sys.stderr)
        (folder / ".complete").touch()
    return f"{folder}/*"


def settings(number: int, port: int, controllers: list[int], data: Path) -> str:
    voters = ",".join(f"{voter}@127.0.0.1:{controller}" for voter, controller in enumerate(controllers))
    return f"""
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllers[number]}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
min.insync.replicas=2
auto.create.topics.enable=false
"""


class Servers:
    """Three of them, for as long as the stack is open."""

    def __init__(self, class_path: str, scratch: Path, running: contextlib.ExitStack):
        self._java = ["java", "-cp", class_path]
        ports, controllers = [free_port() for _ in range(3)], [free_port() for _ in range(3)]
        for number, port in enumerate(ports):
            folder = scratch / f"kafka-{number}"
            folder.mkdir(parents=True)
            (folder / "server.properties").write_text(settings(number, port, controllers, folder / "data"))
            self.run("kafka.tools.StorageTool", "format", "-t", "AnabranchBenchmarkAAAA", "-c", folder / "server.properties")
            command = ["java", SERVER_MEMORY, "-cp", class_path, "kafka.Kafka", str(folder / "server.properties")]
            running.enter_context(Process(command, controllers[number], folder / "server.log"))
        self.addresses = ",".join(f"127.0.0.1:{port}" for port in ports)

    def run(self, main: str | Path, *arguments: object, timeout: int = 120) -> str:
        command = [*self._java, str(main), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(f"{main}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def make_topic(self) -> None:
        arguments = ["--bootstrap-server", self.addresses, "--create", "--topic", TOPIC, "--partitions", GROUPS]
        arguments += ["--replication-factor", 3, "--config", "flush.messages=1", "--config", "min.insync.replicas=2"]
        self.run("org.apache.kafka.tools.TopicCommand", *arguments)

    def perform(self, rate: int, seconds: int, expected_rate: int) -> Figure:
        """By Kafka's own measure: one client, which fills batches and waits five milliseconds for more records."""
        count = expected_rate * (WARM_UP_SECONDS + seconds)
        arguments = ["--topic", TOPIC, "--num-records", count, "--record-size", RECORD_BYTES, "--throughput", rate]
        arguments += ["--warmup-records", expected_rate * WARM_UP_SECONDS, "--bootstrap-server", self.addresses]
        arguments += ["--command-property", "acks=all", f"batch.size={BATCH_BYTES}"]
        last = self.run("org.apache.kafka.tools.ProducerPerformance", *arguments).strip().splitlines()[-1]
        number = r"([0-9.]+)"
        rate_found = re.search(number + " records/sec", last)
        quantiles = re.search(number + " ms 50th, .*?" + number + " ms 99th", last)
        return Figure(float(rate_found[1]), float(quantiles[1]), float(quantiles[2]))

    def at_a_time(self, callers: int, seconds: int) -> Figure:
        arguments = [self.addresses, TOPIC, callers, RECORD_BYTES, WARM_UP_SECONDS, seconds]
        return Figure.of(json.loads(self.run(LOAD / "AtATime.java", *arguments).strip().splitlines()[-1]))


def measure(cache: Path, scratch: Path, seconds: int) -> dict[str, Figure]:
    class_path = install(cache)
    found = {}
    with contextlib.ExitStack() as running:
        servers = Servers(class_path, scratch, running)
        servers.make_topic()
        measurements = {
            SATURATED: lambda: servers.perform(-1, seconds, 50_000),
            PACED: lambda: servers.perform(PACE, seconds, PACE),
            ONE: lambda: servers.at_a_time(1, seconds),
            MANY: lambda: servers.at_a_time(32, seconds),
        }
        for name, work in measurements.items():
            found[name] = work()
            print(f"bench: Kafka, {name}: {found[name]}", file=sys.stderr)
    return found
