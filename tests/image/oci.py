"""An OCI image layout in one tar: what `ctr images import`, `skopeo`, `podman load` and `docker load` read.

The same files give the same bytes and so the same digest: names are sorted, and times, owners and modes are what the image
says, never what the file system has. Layers are not compressed, because they are read again on this machine.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
EPOCH = 0


@dataclass(frozen=True)
class File:
    """A file of the image: from this machine, from bytes, a link, or (with none of the three) a folder."""

    path: str
    source: Path | bytes | None = None
    mode: int = 0o644
    owner: int = 0
    link: str | None = None


@dataclass(frozen=True)
class Layer:
    files: list[File]

    def tar(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for file in self._with_folders():
                archive.addfile(*_entry(file))
        return buffer.getvalue()

    def _with_folders(self) -> list[File]:
        """Sorted by path, every folder before what is in it."""
        files = {file.path: file for file in self.files}
        for path in list(files):
            for parent in Path(path).parents:
                if str(parent) != "/":
                    files.setdefault(str(parent), File(str(parent), mode=0o755))
        return [files[path] for path in sorted(files)]


@dataclass(frozen=True)
class Image:
    name: str
    layers: list[Layer]
    entrypoint: list[str]
    user: str = "65532:65532"
    environment: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    architecture: str = ARCHITECTURES.get(platform.machine(), platform.machine())


def write(target: Path, image: Image) -> str:
    """Write the image to one file and say its digest."""
    blobs: dict[str, bytes] = {}

    def descriptor(media_type: str, content: bytes) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    layers = [descriptor("application/vnd.oci.image.layer.v1.tar", layer.tar()) for layer in image.layers]
    run = {"User": image.user, "Entrypoint": image.entrypoint, "WorkingDir": "/"}
    run |= {"Env": image.environment, "Labels": image.labels}
    configuration = {
        "architecture": image.architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
        "history": [{"created": "1970-01-01T00:00:00Z"} for _ in layers],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", _json(configuration)),
        "layers": layers,
    }
    top = descriptor("application/vnd.oci.image.manifest.v1+json", _json(manifest))
    top["platform"] = {"architecture": image.architecture, "os": "linux"}
    tag = image.name.rpartition(":")[2]
    top["annotations"] = {"io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": tag}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [top]}

    content = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": _json(index)}
    content |= {f"blobs/sha256/{digest}": blob for digest, blob in blobs.items()}
    layout = Layer([File(f"/{path}", blob) for path, blob in content.items()])
    unfinished = target.with_suffix(".unfinished")
    unfinished.write_bytes(layout.tar())
    os.replace(unfinished, target)
    return top["digest"]


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _entry(file: File) -> tuple[tarfile.TarInfo, io.BytesIO | None]:
    entry = tarfile.TarInfo(file.path.lstrip("/"))
    entry.mode, entry.mtime = file.mode, EPOCH
    entry.uid = entry.gid = file.owner
    if file.link is not None:
        entry.type, entry.linkname = tarfile.SYMTYPE, file.link
        return entry, None
    if file.source is None:
        entry.type = tarfile.DIRTYPE
        return entry, None
    content = file.source if isinstance(file.source, bytes) else file.source.read_bytes()
    entry.size = len(content)
    return entry, io.BytesIO(content)
