"""The image writer: the same input gives the same bytes, and what it writes is the layout that others read."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile

import pytest

from image import oci


@pytest.fixture
def program(tmp_path):
    file = tmp_path / "program"
    file.write_bytes(b"#!")
    return file


def image(program, **more) -> oci.Image:
    files = [
        oci.File("/bin/sh", link="program"),
        oci.File("/bin/program", program, mode=0o755),
        oci.File("/home/me", mode=0o700, owner=7),
    ]
    return oci.Image("localhost/it:1", [oci.Layer(files)], ["/bin/program"], **more)


def blob(archive: tarfile.TarFile, descriptor: dict) -> bytes:
    content = archive.extractfile(f"blobs/sha256/{descriptor['digest'].removeprefix('sha256:')}").read()
    assert hashlib.sha256(content).hexdigest() == descriptor["digest"].removeprefix("sha256:")
    assert len(content) == descriptor["size"]
    return content


def test_same_files_give_the_same_bytes_whenever_and_however_they_were_made(tmp_path, program):
    first = oci.write(tmp_path / "a.tar", image(program))
    os.utime(program, (1, 1))
    program.chmod(0o600)
    assert oci.write(tmp_path / "b.tar", image(program)) == first
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_another_byte_is_another_digest(tmp_path, program):
    first = oci.write(tmp_path / "a.tar", image(program))
    program.write_bytes(b"#?")
    assert oci.write(tmp_path / "a.tar", image(program)) != first


def test_index_leads_to_the_layer_and_every_digest_is_right(tmp_path, program):
    digest = oci.write(tmp_path / "a.tar", image(program, labels={"made": "here"}, environment=["A=1"]))
    with tarfile.open(tmp_path / "a.tar") as archive:
        assert json.load(archive.extractfile("oci-layout")) == {"imageLayoutVersion": "1.0.0"}
        (top,) = json.load(archive.extractfile("index.json"))["manifests"]
        assert top["digest"] == digest
        assert top["annotations"]["io.containerd.image.name"] == "localhost/it:1"
        manifest = json.loads(blob(archive, top))
        configuration = json.loads(blob(archive, manifest["config"]))
        (layer,) = manifest["layers"]
        assert configuration["rootfs"]["diff_ids"] == [layer["digest"]]
        assert configuration["config"]["User"] == "65532:65532"
        assert configuration["config"]["Labels"] == {"made": "here"}
        (tmp_path / "layer.tar").write_bytes(blob(archive, layer))
    with tarfile.open(tmp_path / "layer.tar") as files:
        assert files.getnames() == ["bin", "bin/program", "bin/sh", "home", "home/me"]
        assert files.getmember("bin/sh").linkname == "program"
        assert (files.getmember("home/me").uid, files.getmember("home/me").mode) == (7, 0o700)
        assert all(member.mtime == 0 for member in files)
