"""The story of a cluster whose pods prove to each other who they are: turned on, renewed and turned off again, under load."""

from __future__ import annotations

import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.installation import Installation, Load

SECRET = "between-pods"
NAME = "shard.anabranch"
PORT = 4569
# What HTTP/2 begins with where it is not negotiated.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Authority:
    """Who signs the certificate of all pods."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._openssl("req", "-x509", *self._new_key("ca.key"), "-subj", "/CN=between pods", "-days", "2", "-out", "ca.crt")

    def sign(self) -> ssl.SSLContext:
        """A new certificate in the directory, and what a client is that has it."""
        (self.directory / "extensions").write_text(f"subjectAltName=DNS:{NAME}\nextendedKeyUsage=serverAuth,clientAuth\n")
        self._openssl("req", "-new", *self._new_key("tls.key"), "-subj", "/CN=anabranch", "-out", "tls.csr")
        signer = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial")
        self._openssl("x509", "-req", "-in", "tls.csr", *signer, "-days", "2", "-extfile", "extensions", "-out", "tls.crt")
        client = ssl.create_default_context(cafile=str(self.directory / "ca.crt"))
        client.load_cert_chain(self.directory / "tls.crt", self.directory / "tls.key")
        return client

    def files(self) -> list[str]:
        return [f"--from-file={name}={self.directory / name}" for name in ("tls.crt", "tls.key", "ca.crt")]

    def _new_key(self, file: str) -> tuple[str, ...]:
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file)

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], cwd=self.directory, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def keep_secret(installation: Installation, authority: Authority) -> None:
    creating = ("create", "secret", "generic", SECRET, *authority.files(), "--dry-run=client", "--output=json")
    installation.cluster.kubectl.apply(installation.kubectl(*creating), "--namespace", installation.namespace)


def upgrade(installation: Installation, secret: str, mode: str) -> subprocess.CompletedProcess[str]:
    return installation.try_upgrade(f"internalTls.secretName={secret}", f"internalTls.mode={mode}")


def sets(installation: Installation) -> list[dict]:
    return installation.get("statefulsets", "--selector", "app.kubernetes.io/component=shard")["items"]


def modes(installation: Installation) -> set[str]:
    """What the templates of all shard pods say."""
    flag = "--internal-tls-mode="
    said = [it["spec"]["template"]["spec"]["containers"][0]["args"] for it in sets(installation)]
    return {next((arg.removeprefix(flag) for arg in args if arg.startswith(flag)), "off") for args in said}


def change_to(installation: Installation, secret: str, mode: str) -> None:
    done = upgrade(installation, secret, mode)
    assert done.returncode == 0, done.stderr
    wanted = mode.lower() if secret else "off"
    installation.until(f"all pools are {wanted}", lambda: modes(installation) == {wanted})
    for pool in sets(installation):
        installation.kubectl("rollout", "status", f"statefulset/{pool['metadata']['name']}", "--timeout=240s")


def address_of(installation: Installation, pod: str) -> str:
    return installation.get("pod", pod)["status"]["podIP"]


def answers_plain(address: str) -> bool:
    """Whether a shard pod answers in plain text with HTTP/2's first frame."""
    with socket.create_connection((address, PORT), timeout=5) as connection:
        connection.sendall(PREFACE)
        try:
            head = connection.recv(9)
        except ConnectionError:
            return False
    # The type of the frame: SETTINGS. A TLS alert has 21 in its first byte.
    return len(head) == 9 and head[0] == 0 and head[3] == 4


def serial_of(client: ssl.SSLContext, address: str) -> str:
    """The certificate that a shard pod shows."""
    connection = socket.create_connection((address, PORT), timeout=5)
    with client.wrap_socket(connection, server_hostname=NAME) as proven:
        return proven.getpeercert()["serialNumber"]


def serial_in(authority: Authority) -> str:
    command = ["openssl", "x509", "-in", "tls.crt", "-noout", "-serial"]
    done = subprocess.run(command, cwd=authority.directory, capture_output=True, text=True, check=True)
    return done.stdout.strip().removeprefix("serial=")


def connections(address: str) -> dict[str, int]:
    """Those that were made to a shard pod, by how."""
    with urllib.request.urlopen(f"http://{address}:9567/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    name = "anabranch_shard_connections_total"
    found = [line.removeprefix(name).split() for line in lines if line.startswith(name)]
    return {labels.split('"')[1]: int(count) for labels, count in found}


@pytest.fixture
def off_again(installation: Installation) -> Iterator[None]:
    """For the stories after this one, also when it failed half-way."""
    yield
    if modes(installation) != {"off"}:
        change_to(installation, SECRET, "Permissive")
        change_to(installation, "", "Strict")


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("off_again")
def test_pods_prove_themselves_from_one_upgrade_to_the_next_under_load(installation: Installation, tmp_path: Path) -> None:
    installation.stream("proven", 2, replication={"factor": 3})
    authority = Authority(tmp_path)
    first = authority.sign()
    keep_secret(installation, authority)
    pod = "proven-shards-0"
    assert answers_plain(address_of(installation, pod))
    with Load(installation, "proven") as load:
        jump = upgrade(installation, SECRET, "Strict")
        assert jump.returncode != 0 and "cannot become Strict at once" in jump.stderr, jump.stderr
        change_to(installation, SECRET, "Permissive")
        assert answers_plain(address_of(installation, pod))
        change_to(installation, SECRET, "Strict")
        address = address_of(installation, pod)
        assert not answers_plain(address)
        # It is as new as the change is: the others are about to come.
        installation.until("others prove themselves to it", lambda: connections(address)["tls"] > 0)
        installation.until("the refusal is counted", lambda: connections(address)["refused"] > 0)
        assert connections(address)["plain"] == 0

        # Renewed: the kubelet brings the files within a minute or two, the process takes them without a restart.
        shown = serial_of(first, address)
        assert int(shown, 16) == int(serial_in(authority), 16)
        second = authority.sign()
        keep_secret(installation, authority)
        renewed = int(serial_in(authority), 16)
        installation.until("the new certificate is shown", lambda: int(serial_of(second, address), 16) == renewed, 180)
        assert address_of(installation, pod) == address

        change_to(installation, SECRET, "Permissive")
        change_to(installation, "", "Strict")
        assert answers_plain(address_of(installation, pod))
    load.check()
    print(f"the slowest put took {load.slowest_seconds:.2f} s")
