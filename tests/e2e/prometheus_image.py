"""Debian's Prometheus as an image for the tests' cluster: the program, the libraries that it asks for, and a user."""

from __future__ import annotations

import subprocess
from pathlib import Path

from image import debian
from image.anabranch import ROOT, USER
from image.oci import File, Image, Layer, write

NAME = "localhost/prometheus:debian"


def build(target: Path) -> str:
    found = subprocess.run([ROOT / "tests" / "setup" / "prometheus.sh"], check=True, stdout=subprocess.PIPE, text=True)
    program = Path(found.stdout.strip()) / "prometheus"
    files = [
        File("/bin/prometheus", program, mode=0o755),
        *debian.libraries(program),
        File("/etc/passwd", f"nonroot:x:{USER}:{USER}:nonroot:/:/sbin/nologin\n".encode()),
        File("/etc/nsswitch.conf", b"passwd: files\nhosts: files dns\n"),
        File("/tmp", mode=0o1777),
    ]
    image = Image(name=NAME, layers=[Layer(files)], entrypoint=["/bin/prometheus"], user=f"{USER}:{USER}")
    write(target, image)
    return NAME
