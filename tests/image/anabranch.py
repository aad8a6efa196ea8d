"""The image of Anabranch: its programs, the libraries they ask for, certificates, time zones, a user, and nothing else.

No shell and no package manager: who is inside finds nothing to work with. Two layers, because the lower one changes only
with Debian.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from image import debian
from image.oci import File, Image, Layer, write

ROOT = Path(__file__).resolve().parent.parent.parent
USER = 65532
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
TIME_ZONES = Path("/usr/share/zoneinfo")
# The operator is part of the image as soon as it has been built.
PROGRAMS = ("anabranch", "anabranch-operator")


def version() -> str:
    found = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    if not found:
        raise SystemExit("image: Cargo.toml names no version")
    return found[1]


def build(target: Path, built: Path) -> tuple[str, str]:
    """Make the image from the programs in a folder; its name and digest."""
    programs = [built / name for name in PROGRAMS if (built / name).exists()]
    if built / PROGRAMS[0] not in programs:
        raise SystemExit(f"image: {built / PROGRAMS[0]} is not there: run `make build` first")
    name = f"localhost/anabranch:{version()}"
    with tempfile.TemporaryDirectory(prefix="anabranch-image-") as scratch:
        stripped = [_strip(program, Path(scratch)) for program in programs]
        own = Layer([File(f"/usr/local/bin/{program.name}", program, mode=0o755) for program in stripped])
        image = Image(
            name=name,
            layers=[_base(programs), own],
            entrypoint=["/usr/local/bin/anabranch"],
            user=f"{USER}:{USER}",
            environment=["PATH=/usr/local/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt", "HOME=/home/nonroot"],
            labels={
                "org.opencontainers.image.title": "Anabranch",
                "org.opencontainers.image.description": "Kinesis Data Streams for your own Kubernetes cluster",
                "org.opencontainers.image.version": version(),
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        )
        return name, write(target, image)


def _strip(program: Path, scratch: Path) -> Path:
    """Without line tables, which are most of the file; the names of functions stay, so a backtrace still tells."""
    subprocess.run(["strip", "--strip-debug", "-o", scratch / program.name, program], check=True)
    return scratch / program.name


def _base(programs: list[Path]) -> Layer:
    files = debian.libraries(*programs)
    if not CERTIFICATES.exists() or not TIME_ZONES.is_dir():
        raise SystemExit("image: ca-certificates and tzdata are missing; `tests/setup/packages.sh cluster` installs them")
    files += [File(str(CERTIFICATES), CERTIFICATES), *debian.tree(TIME_ZONES)]
    told = debian.provenance([file for file in files if not file.path.startswith(f"{TIME_ZONES}/")])
    told += debian.provenance([File(str(TIME_ZONES / "UTC"), TIME_ZONES / "Etc" / "UTC")])
    return Layer(files + told + _system())


def _system() -> list[File]:
    users = f"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:{USER}:{USER}:nonroot:/home/nonroot:/sbin/nologin\n"
    return [
        File("/etc/passwd", users.encode()),
        File("/etc/group", f"root:x:0:\nnonroot:x:{USER}:\n".encode()),
        File("/etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n"),
        File("/etc/os-release", Path("/etc/os-release").read_bytes()),
        File("/home/nonroot", mode=0o700, owner=USER),
        File("/var/lib/anabranch", mode=0o700, owner=USER),
        File("/tmp", mode=0o1777),
    ]
