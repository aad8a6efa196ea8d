"""SigV4 verified: what SDKs send passes, everything else is refused in AWS's words."""

from __future__ import annotations

import datetime
import http.client
import json

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from harness import credentials
from harness import kinesis as k
from harness.server import REGION, Server
from harness.wire import JSON_TYPE, TARGET, Answer, Wire

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
    "signing method. Consult the service documentation for details."
)


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    keys = credentials.write(tmp_path_factory.mktemp("keys") / "credentials.yaml")
    with Server("--credentials", str(keys), anonymous=False) as server:
        yield server


@pytest.fixture(scope="module")
def owner(signed):
    return client(signed, credentials.OWNER)


def client(server, key, secret=None):
    return k.client(server, access_key=key.access_key, secret_key=secret or key.secret_key)


class Presigner(botocore.auth.SigV4QueryAuth):
    """botocore's, but for a body that is JSON: its own makes query parameters of every body."""

    def _modify_request_before_signing(self, request):
        body, request.data = request.data, None
        super()._modify_request_before_signing(request)
        request.data = body


def sign(
    server,
    key=credentials.OWNER,
    *,
    action="ListStreams",
    body=b"{}",
    service="kinesis",
    region=REGION,
    at=None,
    presign=False,
    token=None,
    monkeypatch=None,
):
    """A request signed by botocore: (path, headers, body)."""
    request = AWSRequest(
        "POST", f"{server.endpoint}/", data=body, headers={"Content-Type": JSON_TYPE, "X-Amz-Target": f"{TARGET}.{action}"}
    )
    held = Credentials(key.access_key, key.secret_key, token)
    signer = (Presigner if presign else botocore.auth.SigV4Auth)(held, service, region)
    if at is not None:
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: at)
    signer.add_auth(request)
    prepared = request.prepare()
    path = prepared.url.removeprefix(server.endpoint)
    return path, dict(prepared.headers.items()), body


def send(server, path, headers, body) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {
        name.decode() if isinstance(name, bytes) else name: value.decode() if isinstance(value, bytes) else value
        for name, value in headers.items()
    }
    headers.pop("Content-Length", None)
    connection.request("POST", path, body=body, headers=headers)
    response = connection.getresponse()
    answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    connection.close()
    return answer


def test_what_boto3_signs_passes(owner):
    name = k.unique_name()
    owner.create_stream(StreamName=name, ShardCount=1)
    k.wait_active(owner, name)
    owner.put_record(StreamName=name, PartitionKey="ключ", Data=b"\x00\xff")
    assert len(k.read_all(owner, name, "shardId-000000000000", at_least=1)) == 1
    owner.delete_stream(StreamName=name)


def test_no_signature(signed):
    answer = Wire(signed).request(body="{}", headers={"Content-Type": JSON_TYPE, "X-Amz-Target": f"{TARGET}.ListStreams"})
    assert answer.error == (400, "MissingAuthenticationTokenException", "Missing Authentication Token")


def test_a_wrong_secret(signed):
    with k.refused("InvalidSignatureException", MISMATCH):
        client(signed, credentials.OWNER, "anotherSecret").list_streams()


def test_an_unknown_key(signed):
    stranger = k.client(signed, access_key="AKIANOBODY0000000000", secret_key="x")
    with k.refused("UnrecognizedClientException", "The security token included in the request is invalid."):
        stranger.list_streams()


def test_a_body_that_was_changed(signed):
    path, headers, _ = sign(signed)
    assert send(signed, path, headers, b'{"Limit":1}').error == (400, "InvalidSignatureException", MISMATCH)


def test_a_header_that_was_changed(signed):
    path, headers, body = sign(signed)
    headers["X-Amz-Target"] = f"{TARGET}.DescribeLimits"
    assert send(signed, path, headers, body).error == (400, "InvalidSignatureException", MISMATCH)


@pytest.mark.parametrize(
    ("minutes", "text"), [(-20, "Signature expired: "), (20, "Signature not yet current: ")], ids=["late", "early"]
)
def test_a_clock_that_is_far_off(signed, monkeypatch, minutes, text):
    at = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(minutes=minutes)
    answer = send(signed, *sign(signed, at=at, monkeypatch=monkeypatch))
    status, kind, message = answer.error
    assert (status, kind) == (400, "InvalidSignatureException")
    assert message.startswith(text)


def test_a_clock_that_is_a_little_off(signed, monkeypatch):
    at = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(minutes=4)
    assert send(signed, *sign(signed, at=at, monkeypatch=monkeypatch)).status == 200


def test_another_region_or_service(signed):
    for wrong in ({"region": "eu-west-9"}, {"service": "dynamodb"}):
        status, kind, message = send(signed, *sign(signed, **wrong)).error
        assert (status, kind) == (400, "InvalidSignatureException")
        assert message.startswith("Credential should be scoped to ")


def test_a_presigned_url(signed):
    path, headers, body = sign(signed, presign=True)
    assert "X-Amz-Signature=" in path
    headers.pop("Authorization", None)
    answer = send(signed, path, headers, body)
    assert answer.status == 200, answer.body


def unsigned(server, how, body, action="ListStreams", **more_headers):
    """A request whose signature leaves its body out."""
    headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": f"{TARGET}.{action}", "X-Amz-Content-SHA256": how, **more_headers}
    request = AWSRequest("POST", f"{server.endpoint}/", data=body, headers=headers)
    held = Credentials(credentials.OWNER.access_key, credentials.OWNER.secret_key)
    botocore.auth.SigV4Auth(held, "kinesis", REGION).add_auth(request)
    return send(server, "/", dict(request.prepare().headers.items()), body)


def framed(*chunks: bytes) -> bytes:
    """As SDKs frame a body while they make it."""
    frames = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return frames + b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"


CHUNKED = {"Content-Encoding": "aws-chunked", "X-Amz-Trailer": "x-amz-checksum-crc32"}


@pytest.mark.parametrize("how", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_an_unsigned_payload(signed, how):
    assert unsigned(signed, how, b"{}").status == 200


@pytest.mark.parametrize("chunks", [(b"{}",), (b"{", b"}")])
def test_an_unsigned_payload_in_chunks(signed, chunks):
    answer = unsigned(signed, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", framed(*chunks), **CHUNKED)
    assert answer.status == 200, answer.body


def test_chunks_that_are_none_are_refused_with_their_place(signed):
    answer = unsigned(signed, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", b"{}", **CHUNKED)
    text = "the body is not framed as Content-Encoding aws-chunked says, from byte 0 on"
    assert answer.error == (400, "SerializationException", text)


def test_chunks_with_signatures_of_their_own_are_not_taken(signed):
    """Only S3 has them: the hash over the frames is what a signature may be over here."""
    answer = unsigned(signed, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", framed(b"{}"), **CHUNKED)
    assert answer.error == (400, "InvalidSignatureException", MISMATCH)


def test_header_and_query_together(signed):
    path, headers, body = sign(signed, presign=True)
    _, header_signed, _ = sign(signed)
    headers["Authorization"] = header_signed["Authorization"]
    assert send(signed, path, headers, body).error == (
        400,
        "InvalidSignatureException",
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )


def test_a_header_that_lacks_everything(signed):
    headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": f"{TARGET}.ListStreams", "Authorization": "a"}
    assert send(signed, "/", headers, b"{}").error == (
        400,
        "IncompleteSignatureException",
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
        "Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a "
        "'X-Amz-Date' or a 'Date' header. Authorization=a",
    )


def test_a_query_that_lacks_everything(signed):
    headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": f"{TARGET}.ListStreams"}
    assert send(signed, "/?X-Amz-Algorithm", headers, b"{}").error == (
        400,
        "IncompleteSignatureException",
        "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must include "
        "'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must "
        "include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string "
        "parameters.",
    )


def test_parsing_comes_before_the_signature_and_types_after(signed):
    headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": f"{TARGET}.ListStreams"}
    assert send(signed, "/", headers, b"hello").json()["__type"] == "SerializationException"
    headers["X-Amz-Target"] = f"{TARGET}.Whatever"
    assert send(signed, "/", headers, b"{}").json() == {"__type": "UnknownOperationException"}
    headers["X-Amz-Target"] = f"{TARGET}.ListStreams"
    assert send(signed, "/", headers, b'{"Limit":"x"}').json()["__type"] == "MissingAuthenticationTokenException"


def test_a_key_that_may_only_read(signed, owner):
    name = k.unique_name()
    owner.create_stream(StreamName=name, ShardCount=1)
    k.wait_active(owner, name)
    reader = client(signed, credentials.READER)
    reader.get_records(ShardIterator=k.iterator(reader, name))
    arn = f"arn:aws:iam::{k.ACCOUNT_ID}:user/{credentials.READER.user}"
    with k.refused(
        "AccessDeniedException",
        f"User: {arn} is not authorized to perform: kinesis:PutRecord on resource: {k.stream_arn(name)} "
        "because no identity-based policy allows the kinesis:PutRecord action",
    ):
        reader.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    with k.refused("AccessDeniedException"):
        reader.delete_stream(StreamName=name)
    owner.delete_stream(StreamName=name)


def test_a_key_for_one_stream(signed):
    limited = client(signed, credentials.ONE_STREAM)
    limited.create_stream(StreamName="only-this", ShardCount=1)
    k.wait_active(limited, "only-this")
    limited.put_record(StreamName="only-this", PartitionKey="a", Data=b"d")
    with k.refused("AccessDeniedException"):
        limited.create_stream(StreamName="another", ShardCount=1)
    limited.delete_stream(StreamName="only-this")


def policy(name, effect, principal, *actions):
    statement = {"Effect": effect, "Principal": principal, "Action": list(actions), "Resource": k.stream_arn(name)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_another_account_needs_the_streams_policy(signed, owner):
    name = k.unique_name()
    arn = k.stream_arn(name)
    owner.create_stream(StreamName=name, ShardCount=1)
    k.wait_active(owner, name)
    stranger = client(signed, credentials.STRANGER)
    with k.refused("AccessDeniedException"):
        stranger.put_record(StreamARN=arn, PartitionKey="a", Data=b"d")
    owner.put_resource_policy(
        ResourceARN=arn, Policy=policy(name, "Allow", {"AWS": credentials.STRANGER.account}, "kinesis:PutRecord")
    )
    stranger.put_record(StreamARN=arn, PartitionKey="a", Data=b"d")
    with k.refused("AccessDeniedException"):
        stranger.describe_stream_summary(StreamARN=arn)
    owner.delete_resource_policy(ResourceARN=arn)
    with k.refused("AccessDeniedException"):
        stranger.put_record(StreamARN=arn, PartitionKey="a", Data=b"d")
    owner.delete_stream(StreamName=name)


def test_an_explicit_deny_wins(signed, owner):
    name = k.unique_name()
    arn = k.stream_arn(name)
    owner.create_stream(StreamName=name, ShardCount=1)
    k.wait_active(owner, name)
    owner.put_resource_policy(ResourceARN=arn, Policy=policy(name, "Deny", "*", "kinesis:PutRecord"))
    with k.refused("AccessDeniedException", contains="with an explicit deny in a resource-based policy"):
        owner.put_record(StreamName=name, PartitionKey="a", Data=b"d")
    owner.delete_stream(StreamName=name)
