"""The unmodified AWS SDK, pointed at an endpoint."""

from __future__ import annotations

import boto3
from botocore.config import Config


def kinesis(endpoint: str, connections: int = 4):
    """A client with the SDK's own retries; a subscription keeps its connection, so a subscriber needs many."""
    config = Config(region_name="us-east-1", retries={"mode": "standard"}, max_pool_connections=connections)
    session = boto3.session.Session(aws_access_key_id="demo", aws_secret_access_key="demo")
    return session.client("kinesis", endpoint_url=endpoint, config=config)
