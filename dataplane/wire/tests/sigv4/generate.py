#!/usr/bin/env python3
"""Signs requests with botocore and writes what it signed as vectors.json, beside this file.

Run with botocore installed: python3 generate.py. The result is committed; running it again must not change it.
"""

import datetime
import json
import pathlib

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime.datetime(2015, 8, 30, 12, 36, 0)
HOST = "kinesis.us-east-1.amazonaws.com"
JSON = "application/x-amz-json-1.1"
CBOR = "application/x-amz-cbor-1.1"


class FrozenDatetime(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW

    @classmethod
    def now(cls, tz=None):
        return NOW.replace(tzinfo=tz)


botocore.auth.datetime = FrozenDatetime if isinstance(botocore.auth.datetime, type) else botocore.auth.datetime
if hasattr(botocore.auth, "get_current_datetime"):
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW


class UnsignedPayload(botocore.auth.SigV4Auth):
    """Signs as SDKs do over TLS for bodies they cannot read twice."""

    def payload(self, request):
        return request.headers["X-Amz-Content-SHA256"]


def headers(*pairs):
    result = HTTPHeaders()
    for name, value in pairs:
        result.add_header(name, value)
    return result


def target(action, content_type=JSON):
    return [("Content-Type", content_type), ("X-Amz-Target", f"Kinesis_20131202.{action}")]


def vector(name, signer, method="POST", path="/", query="", pairs=(), body=b"", token=None, host=HOST, service="kinesis"):
    url = f"https://{host}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, headers=headers(*pairs), data=body)
    signer(Credentials(KEY_ID, SECRET, token), service, "us-east-1").add_auth(request)
    sent = request.url.split(host, 1)[1] or "/"
    all_headers = [(n.lower(), v) for n, v in request.headers.items()]
    if not any(n == "host" for n, _ in all_headers):
        all_headers.append(("host", host))
    return {
        "name": name,
        "service": service,
        "method": method,
        "target": sent,
        "headers": all_headers,
        # Presigning leaves no body: botocore moves it to the query string.
        "body": (request.data or b"").hex(),
    }


def main():
    v4, query_v4 = botocore.auth.SigV4Auth, lambda *a: botocore.auth.SigV4QueryAuth(*a, expires=300)
    put = json.dumps({"StreamName": "orders", "PartitionKey": "k", "Data": "aGVsbG8="}).encode()
    unsigned = [("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")]
    streaming = [("X-Amz-Content-SHA256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")]
    vectors = [
        vector("a JSON put", v4, pairs=target("PutRecord"), body=put),
        vector("a CBOR put", v4, pairs=target("PutRecord", CBOR), body=bytes(range(256)) * 16),
        vector("an empty body", v4, pairs=target("ListStreams")),
        vector("a session token", v4, pairs=target("PutRecord"), body=put, token="FwoGZXIvYXdzEBY+/a=="),
        vector("a port in the host", v4, pairs=target("ListStreams"), body=b"{}", host="127.0.0.1:4567"),
        vector("blanks in header values", v4, body=b"{}",
               pairs=target("ListStreams") + [("My-Header1", "   a   b   c  "), ("My-Header2", '"a   b   c"')]),
        vector("a header given twice", v4, body=b"{}",
               pairs=target("ListStreams") + [("My-Header1", "value4"), ("My-Header1", "value1")]),
        vector("a query string", v4, "GET", query="Param2=value2&Param1=value1&Param1=value0"),
        vector("reserved characters in the query string", v4, "GET",
               query="a%20b=c%2Fd%3D%26&%E1%88%B4=bar&empty=&tilde=~-_.&plus=%2B"),
        vector("a path to encode again", v4, "GET", path="/documents%20and%20settings/%E1%88%B4"),
        vector("a path to normalise", v4, "GET", path="//foo/.//bar/../baz/"),
        vector("a path of dots", v4, "GET", path="/foo/.."),
        vector("a presigned request", query_v4, pairs=target("ListStreams"), body=b"{}"),
        vector("a presigned request with a session token", query_v4, "GET", token="FwoGZXIvYXdzEBY+/a==",
               query="Action=List%20Streams"),
        vector("a body that is not signed", UnsignedPayload, pairs=target("PutRecord") + unsigned, body=put),
        vector("a streamed body that is not signed", UnsignedPayload, pairs=target("PutRecord") + streaming, body=put),
        vector("another service", v4, "GET", host="example.amazonaws.com", service="service"),
    ]
    document = {"access_key_id": KEY_ID, "secret": SECRET, "region": "us-east-1", "now": "20150830T123600Z",
                "vectors": vectors}
    path = pathlib.Path(__file__).with_name("vectors.json")
    path.write_text(json.dumps(document, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
