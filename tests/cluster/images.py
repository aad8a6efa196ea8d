"""Images into the nodes' containerd: files that `load-image` names, two that a cluster needs to run at all, and a toolbox."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster import processes
from cluster.state import Node, State
from image import oci

PAUSE = "localhost/pause:1"
COREDNS = "localhost/coredns:1"
# Debian's busybox-static: a shell, wget and httpd for the tests' own pods.
TOOLBOX = "localhost/toolbox:1"
BUSYBOX = Path("/bin/busybox")


def load(state: State, binaries: Path, *files: Path) -> None:
    """On every node that runs, at the same time."""
    nodes = [node for node in state.nodes if processes.running(state, node.name)]
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(_import, state, binaries, node, files) for node in nodes]:
            done.result()


def own(state: State, binaries: Path) -> list[Path]:
    """One static program each and nothing else."""
    applets = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout.split()
    toolbox = [oci.File(f"/bin/{applet}", link="busybox") for applet in applets if applet != "busybox"]
    contents = {
        PAUSE: [oci.File("/pause", binaries / "pause", mode=0o755)],
        COREDNS: [oci.File("/coredns", binaries / "coredns", mode=0o755)],
        TOOLBOX: [oci.File("/bin/busybox", BUSYBOX, mode=0o755), oci.File("/tmp", mode=0o1777), *toolbox],
    }
    made = []
    for name, files in contents.items():
        file = state.directory / "images" / f"{name.partition('/')[2].partition(':')[0]}.tar"
        oci.write(file, oci.Image(name=name, layers=[oci.Layer(files)], entrypoint=[files[0].path]))
        made.append(file)
    return made


def _import(state: State, binaries: Path, node: Node, files: tuple[Path, ...]) -> None:
    client = [binaries / "ctr", "--address", state.containerd_socket(node), "--namespace", "k8s.io"]
    for file in files:
        command = [str(part) for part in (*client, "images", "import", file.resolve())]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"cluster: {file} could not be imported on {node.name}: {done.stderr.strip()}")
