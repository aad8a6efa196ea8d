"""Three copies of every record beside one, and beside NATS JetStream and Kafka: `make bench-replicated`.

All servers share one disk and the processors of this machine, with the load that asks them: this says what replication costs,
and not what three machines give. Ours run as pods of a real cluster, signatures verified; the others as processes on loopback,
without authentication.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from bench.replicated import anabranch, kafka, nats
from bench.replicated.work import Figure, table
from e2e.installation import target_dir

SUBJECTS = ("anabranch", "nats", "kafka")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default=",".join(SUBJECTS), help=f"some of {', '.join(SUBJECTS)}")
    arguments.add_argument("--seconds", type=int, default=10, help="how long each measurement takes")
    arguments.add_argument("--idle-shards", type=int, default=0, help="of ours at rest, with three copies; 0: none")
    chosen = arguments.parse_args()
    wanted = chosen.only.split(",")
    if unknown := set(wanted) - set(SUBJECTS):
        arguments.error(f"nobody is called {', '.join(sorted(unknown))}")
    cache = Path(os.environ.get("ANABRANCH_CACHE", Path.home() / ".cache/anabranch"))
    print(f"bench: load of the machine before: {os.getloadavg()[0]:.2f}", file=sys.stderr)
    found: dict[str, dict[str, Figure]] = {}
    # On the disk that a build is on, and not in memory.
    target_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target_dir(), prefix="bench-replicated-") as scratch:
        for name, peer in (("nats", nats), ("kafka", kafka)):
            if name in wanted:
                found[peer.TITLE] = peer.measure(cache, Path(scratch), chosen.seconds)
        if "anabranch" in wanted:
            ours, at_rest = anabranch.measure(chosen.seconds, chosen.idle_shards)
            found = ours | found
            print(at_rest)
    print(table(found, anabranch.THREE_COPIES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
