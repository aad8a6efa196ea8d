"""The TLS listener: both protocols by ALPN, as the KPL and the SDKs' HTTPS clients ask for them."""

from __future__ import annotations

import json
import ssl
import subprocess

import boto3
import httpx
import pytest
from botocore.config import Config

from harness import kinesis as k
from harness.server import Server, free_port
from harness.wire import JSON_TYPE, Wire


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    certificate, key = directory / "server.pem", directory / "server.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-out", str(certificate), "-keyout", str(key)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@pytest.fixture(scope="module")
def tls(certificate):
    port = free_port()
    arguments = ["--tls-listen", f"127.0.0.1:{port}", "--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1])]
    with Server(*arguments) as server:
        server.tls_url = f"https://localhost:{port}"
        server.tls_port = port
        yield server


@pytest.mark.parametrize(("offered", "chosen"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["h2"], "h2")])
def test_alpn_chooses_the_protocol(tls, certificate, offered, chosen):
    import socket

    context = ssl.create_default_context(cafile=str(certificate[0]))
    context.set_alpn_protocols(offered)
    with (
        socket.create_connection(("127.0.0.1", tls.tls_port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.selected_alpn_protocol() == chosen
        assert secure.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("http2", [False, True])
def test_both_protocols_answer(tls, certificate, http2):
    context = ssl.create_default_context(cafile=str(certificate[0]))
    with httpx.Client(http2=http2, verify=context) as client:
        answer = client.post(tls.tls_url, content=b"{}", headers=Wire(tls).headers("ListStreams", JSON_TYPE))
    assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
    assert "StreamNames" in json.loads(answer.content)


def test_boto3_over_tls(tls, certificate):
    client = boto3.client(
        "kinesis", endpoint_url=tls.tls_url, verify=str(certificate[0]), region_name="us-east-1",
        aws_access_key_id="a", aws_secret_access_key="b", config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    name = k.unique_name()
    client.create_stream(StreamName=name, ShardCount=1)
    k.wait_active(client, name)
    client.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    assert len(k.read_all(client, name, "shardId-000000000000", at_least=1)) == 1


def test_plain_text_on_the_tls_port_harms_nothing(tls):
    import socket

    with socket.create_connection(("127.0.0.1", tls.tls_port), timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(4096)
    assert tls.running()
