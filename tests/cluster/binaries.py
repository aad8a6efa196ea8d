"""The programs of a cluster, built from Go modules once and kept in the cache under a hash of their versions.

Owns which program comes from which module. Knows nothing of how they are run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
TOOLS = TESTS / "cluster" / "tools"
GO_NEEDED = "1.26"
KUBERNETES = "k8s.io/kubernetes"


@dataclass(frozen=True)
class Program:
    """One binary: its name, the folder under tools/ whose go.mod pins it, its package, and what its build needs to know."""

    name: str
    module: str
    package: str
    tags: str = ""
    # A variable that holds the version, and the module whose version it is: released binaries are stamped so.
    stamp: tuple[str, str] | None = None


def _kubernetes(name: str) -> Program:
    stamp = ("k8s.io/component-base/version.gitVersion", KUBERNETES)
    return Program(name, "kubernetes", f"{KUBERNETES}/cmd/{name}", stamp=stamp)


def _containerd(name: str) -> Program:
    module = "github.com/containerd/containerd/v2"
    stamp = (f"{module}/version.Version", module)
    return Program(name, "containerd", f"{module}/cmd/{name}", tags="no_btrfs no_zfs no_devmapper", stamp=stamp)


def _cni(path: str) -> Program:
    return Program(path.split("/")[-1], "cni", f"github.com/containernetworking/plugins/plugins/{path}")


PROGRAMS = (
    Program("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    _containerd("containerd"),
    _containerd("containerd-shim-runc-v2"),
    _containerd("ctr"),
    _cni("main/ptp"),
    _cni("main/loopback"),
    _cni("ipam/host-local"),
    _cni("meta/portmap"),
    Program("pause", "pause", "."),
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubelet"),
    _kubernetes("kube-proxy"),
    _kubernetes("kubectl"),
    Program("provisioner", "kubernetes", "./provisioner"),
    Program("coredns", "coredns", "."),
    Program("helm", "helm", "helm.sh/helm/v3/cmd/helm", stamp=("helm.sh/helm/v3/internal/version.version", "helm.sh/helm/v3")),
)


def ensure() -> Path:
    """The folder that holds every program; builds what is missing, which takes minutes the first time."""
    folder = cache() / f"kubernetes-{_hash()}"
    finished = folder / "bin"
    if finished.is_dir():
        return finished
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"cluster: somebody is building the programs in {folder}, waiting for that", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.is_dir():
            _build(folder / "unfinished")
            (folder / "unfinished").rename(finished)
    return finished


def cache() -> Path:
    return Path(os.environ.get("ANABRANCH_CACHE") or Path.home() / ".cache" / "anabranch")


def _hash() -> str:
    """Every file that decides what is built: versions, sums, our own few programs, and this list."""
    digest = hashlib.sha256(repr(PROGRAMS).encode())
    for path in sorted(path for path in TOOLS.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(TOOLS)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _build(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    go = _go()
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    print(f"cluster: building {len(PROGRAMS)} programs from Go modules, once (10 minutes or more on two cores)", file=sys.stderr)
    for program in PROGRAMS:
        target = folder / program.name
        if target.exists():
            continue
        began = time.monotonic()
        module = TOOLS / program.module
        flags = "-s -w"
        if program.stamp:
            variable, stamped = program.stamp
            flags += f" -X {variable}={_version(module, stamped)}"
        unfinished = target.with_suffix(".unfinished")
        options = ["-trimpath", "-mod=readonly", "-tags", program.tags, "-ldflags", flags]
        command = [go, "build", *options, "-o", unfinished, program.package]
        subprocess.run(command, cwd=module, env=environment, check=True)
        unfinished.rename(target)
        print(f"cluster: built {program.name} in {time.monotonic() - began:.0f} s", file=sys.stderr)


def _version(module: Path, name: str) -> str:
    found = re.search(rf"^\s*{re.escape(name)} (v\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise RuntimeError(f"{module}/go.mod does not require {name}")
    return found[1]


def _go() -> str:
    """A Go that is new enough, as tests/setup/go.sh finds one."""
    folder = subprocess.run([TESTS / "setup" / "go.sh", GO_NEEDED], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return shutil.which("go", path=folder) or f"{folder}/go"
