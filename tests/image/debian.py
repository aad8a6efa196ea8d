"""Files of this machine's Debian packages: the shared libraries that programs ask for, and who they belong to.

The programs were linked against these very libraries, so no others fit as well. A package that gives a file is named in the
image as distroless images do it (`/var/lib/dpkg/status.d`), so that scanners find its version, and its copyright comes along.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from image.oci import File


def libraries(*programs: Path) -> list[File]:
    """What the loader would load for them, and the loader, under the paths that they are looked for."""
    found: dict[str, Path] = {}
    for program in programs:
        listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
        missing = re.findall(r"(\S+) => not found", listed)
        if missing:
            raise SystemExit(f"image: {program} needs libraries that this machine does not have: {', '.join(missing)}")
        for path in re.findall(r"(?:=> )?(/\S+) \(0x", listed):
            found[path] = Path(path)
    return [File(path, source, mode=0o755) for path, source in found.items()]


def tree(top: Path) -> list[File]:
    """A folder with all that is in it, links as links."""
    files = []
    for path in top.rglob("*"):
        if path.is_symlink():
            files.append(File(str(path), link=str(path.readlink())))
        elif path.is_file():
            files.append(File(str(path), path))
    return files


def provenance(files: list[File]) -> list[File]:
    """A status file and the copyright of every package that one of the files comes from."""
    packages = sorted({package for file in files if isinstance(file.source, Path) for package in _owner(file.source)})
    told = []
    for package in packages:
        status = subprocess.run(["dpkg-query", "--status", package], check=True, capture_output=True).stdout
        name = package.partition(":")[0]
        told.append(File(f"/var/lib/dpkg/status.d/{name}", status))
        rights = Path(f"/usr/share/doc/{name}/copyright")
        if rights.exists():
            told.append(File(str(rights), rights.read_bytes()))
    return told


def _owner(path: Path) -> list[str]:
    """The package of a file, which dpkg may know under its place before or after /lib moved to /usr/lib."""
    for candidate in (path, path.resolve(), Path(str(path.resolve()).removeprefix("/usr"))):
        asked = subprocess.run(["dpkg-query", "--search", candidate], capture_output=True, text=True)
        if asked.returncode == 0:
            return [asked.stdout.rpartition(": ")[0]]
    return []
