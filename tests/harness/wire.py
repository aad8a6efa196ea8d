"""Raw HTTP to the server, for what an SDK hides: headers, error order, both codecs, malformed requests."""

from __future__ import annotations

import datetime
import http.client
import json
from dataclasses import dataclass

import cbor2

from harness.server import Server

TARGET = "Kinesis_20131202"
JSON_TYPE = "application/x-amz-json-1.1"
CBOR_TYPE = "application/x-amz-cbor-1.1"
# Any well-formed header passes in anonymous mode; SDKs always send one.
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
)


def loads_cbor(body: bytes):
    """CBOR as Kinesis writes it: tag 1 holds integer milliseconds, which become a datetime here."""

    def milliseconds(value, *_):
        assert isinstance(value, int), f"a time is the integer milliseconds since the epoch, not {value!r}"
        return datetime.datetime.fromtimestamp(value / 1000, datetime.timezone.utc)

    return cbor2.loads(body, semantic_decoders={1: milliseconds})


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)

    def cbor(self):
        return loads_cbor(self.body)

    @property
    def error(self) -> tuple[int, str | None, str | None]:
        """Status, type and text of an error, whatever the codec; SerializationException spells `Message`."""
        document = self.cbor() if self.headers.get("content-type") == CBOR_TYPE else self.json()
        return self.status, document.get("__type"), document.get("message", document.get("Message"))


class Wire:
    def __init__(self, server: Server):
        self.server = server

    def request(self, method: str = "POST", path: str = "/", body: bytes | str = b"", headers: dict | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            body = body.encode() if isinstance(body, str) else body
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def headers(self, action: str, content_type: str) -> dict[str, str]:
        return {
            "Content-Type": content_type,
            "X-Amz-Target": f"{TARGET}.{action}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": AUTHORIZATION,
        }

    def json(self, action: str, body: object, **more_headers: str) -> Answer:
        """A JSON call; a string or bytes body is sent as it is."""
        raw = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.request(body=raw, headers={**self.headers(action, JSON_TYPE), **more_headers})

    def cbor(self, action: str, body: object, **more_headers: str) -> Answer:
        raw = body if isinstance(body, bytes) else cbor2.dumps(body)
        return self.request(body=raw, headers={**self.headers(action, CBOR_TYPE), **more_headers})
