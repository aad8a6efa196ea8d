"""Every operation, member, constraint and error shape of the installed service model, one request each.

The model is botocore's. A constraint that the server does not enforce with AWS's words, or an operation that it does not
know, fails here; so does a new operation of a newer model.
"""

import re

import boto3
import pytest

from harness import kinesis as k

SESSION = boto3.session.Session()
MODEL = SESSION.client("kinesis", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b").meta.service_model
NOT_HERE = re.compile("Queue|Channel")
ACTIONS = sorted(name for name in MODEL.operation_names if not NOT_HERE.search(name))

ARN = k.stream_arn("no-such")
VALID = {
    "StreamName": "no-such", "StreamARN": ARN, "ResourceARN": ARN, "ConsumerARN": ARN + "/consumer/c:1700000000",
    "StreamId": "abcdefghij0123456789-abc", "ShardId": "shardId-000000000000", "ConsumerName": "c", "KeyId": "alias/k",
    "PartitionKey": "a", "Data": "ZA==", "NewStartingHashKey": "1", "ShardToSplit": "0", "ShardToMerge": "0",
    "AdjacentShardToMerge": "1", "ShardIterator": "i", "Policy": "{}", "Tags": {"a": "b"}, "TagKeys": ["a"],
    "ExplicitHashKey": "1", "SequenceNumberForOrdering": "1", "StartingSequenceNumber": "1", "SequenceNumber": "1",
}  # fmt: skip


def test_forty_operations_are_expected():
    assert len(ACTIONS) == 40, "the model has other operations than this release knows: cover or list them"


def valid(name, shape):
    if name in VALID:
        return VALID[name]
    match shape.type_name:
        case "string":
            return (getattr(shape, "enum", None) or ["x" * max(1, shape.metadata.get("min", 1))])[0]
        case "integer" | "long":
            return max(1, shape.metadata.get("min", 1))
        case "boolean":
            return False
        case "timestamp":
            return 1700000000
        case "list":
            return [valid(name, shape.member)]
        case "structure":
            return {member: valid(member, shape.members[member]) for member in shape.required_members}
    raise NotImplementedError(shape)


def base(action):
    """A request with every required member, and nothing that the server could refuse before semantics."""
    shape = MODEL.operation_model(action).input_shape
    return {member: valid(member, shape.members[member]) for member in shape.required_members} if shape else {}


def lower_first(name):
    return name[0].lower() + name[1:]


def members(shape, path=(), request_path=()):
    """Every member of a request, nested ones too: (path in the error text, path in the request, shape, required)."""
    for name, member in shape.members.items():
        here, there = (*path, lower_first(name)), (*request_path, name)
        yield ".".join(here), there, member, name in shape.required_members
        if member.type_name == "structure":
            yield from members(member, here, there)
        if member.type_name == "list" and member.member.type_name == "structure":
            yield from members(member.member, (*here, "1", "member"), (*there, 0))


def with_member(request, path, value):
    """The request with one member set, its parents filled in."""
    target = request
    for step, following in zip(path[:-1], path[1:], strict=True):
        if isinstance(target, dict):
            target = target.setdefault(step, [] if following == 0 else {})
        else:
            if not target:
                target.append({})
            target = target[step]
    if value is None:
        target.pop(path[-1], None)
    else:
        target[path[-1]] = value
    return request


def violations(shape):
    """Values that break one constraint each, with the words AWS has for it."""
    limits = shape.metadata
    if shape.type_name in ("integer", "long"):
        if "min" in limits:
            yield limits["min"] - 1, f"Member must have value greater than or equal to {limits['min']}"
        if "max" in limits:
            yield limits["max"] + 1, f"Member must have value less than or equal to {limits['max']}"
    elif shape.type_name == "string":
        if "enum" in limits:
            yield "WILD", "Member must satisfy enum value set: ["
        elif "pattern" in limits:
            yield "!", "Member must satisfy regular expression pattern: "
        if "max" in limits and "pattern" not in limits and limits["max"] < 100_000:
            yield "x" * (limits["max"] + 1), f"Member must have length less than or equal to {limits['max']}"
        if limits.get("min", 0) > 0 and "pattern" not in limits:
            yield "", f"Member must have length greater than or equal to {limits['min']}"
    elif shape.type_name == "list":
        if limits.get("min", 0) > 0:
            yield [], f"Member must have length greater than or equal to {limits['min']}"
    elif shape.type_name == "map":
        if limits.get("min", 0) > 0:
            yield {}, f"Member must have length greater than or equal to {limits['min']}"
        if "max" in limits:
            yield (
                {f"k{i}": "v" for i in range(limits["max"] + 1)},
                f"Member must have length less than or equal to {limits['max']}",
            )


def cases():
    for action in ACTIONS:
        shape = MODEL.operation_model(action).input_shape
        for path, request_path, member, _ in members(shape) if shape else ():
            for value, constraint in violations(member):
                yield pytest.param(action, path, request_path, value, constraint, id=f"{action}-{path}-{constraint[12:48]}")


@pytest.mark.parametrize(("action", "path", "request_path", "value", "constraint"), list(cases()))
def test_each_constraint_is_enforced_in_awss_words(wire, action, path, request_path, value, constraint):
    status, kind, text = wire.json(action, with_member(base(action), request_path, value)).error
    assert (status, kind) == (400, "ValidationException"), text
    assert re.match(r"\d+ validation errors? detected: ", text)
    assert f"at '{path}' failed to satisfy constraint: {constraint}" in text


def required_cases():
    for action in ACTIONS:
        shape = MODEL.operation_model(action).input_shape
        for path, request_path, _, required in members(shape) if shape else ():
            if required:
                yield pytest.param(action, path, request_path, id=f"{action}-{path}")


@pytest.mark.parametrize(("action", "path", "request_path"), list(required_cases()))
def test_each_required_member_is_missed(wire, action, path, request_path):
    status, kind, text = wire.json(action, with_member(base(action), request_path, None)).error
    assert (status, kind) == (400, "ValidationException"), text
    assert f"Value null at '{path}' failed to satisfy constraint: Member must not be null" in text


WRONG_TYPE = {
    "string": (True, "class java.lang.Boolean can not be converted to an String"),
    "integer": ("x", "class java.lang.String can not be converted to an Integer"),
    "long": ("x", "class java.lang.String can not be converted to an Long"),
    "boolean": ([], "Start of list found where not expected"),
    "timestamp": ("x", "class java.lang.String can not be converted to milliseconds since epoch"),
    "blob": (True, "class java.lang.Boolean can not be converted to a Blob"),
    "list": ("x", "Expected list or null"),
    "map": ("x", "Expected map or null"),
    "structure": ("x", "Expected null"),
}


def type_cases():
    for action in ACTIONS:
        shape = MODEL.operation_model(action).input_shape
        for path, request_path, member, _ in members(shape) if shape else ():
            value, text = WRONG_TYPE[member.type_name]
            yield pytest.param(action, request_path, value, text, id=f"{action}-{path}")


@pytest.mark.parametrize(("action", "request_path", "value", "text"), list(type_cases()))
def test_each_member_of_a_wrong_type_is_a_serialization_error(wire, action, request_path, value, text):
    assert wire.json(action, with_member(base(action), request_path, value)).error == (400, "SerializationException", text)


@pytest.mark.parametrize("action", ACTIONS)
def test_each_operation_is_known_in_both_codecs(wire, action):
    for codec in (wire.json, wire.cbor):
        request = base(action)
        if "Data" in request and codec == wire.cbor:
            request["Data"] = b"d"
        if "Records" in request and codec == wire.cbor:
            request["Records"] = [{"Data": b"d", "PartitionKey": "a"}]
        if action == "CreateStream":
            request["StreamName"] = "!"
        if action == "UpdateAccountSettings":
            request = {}
        answer = codec(action, request)
        assert answer.status in (200, 400), answer.body
        if answer.status == 400:
            assert answer.error[1] != "UnknownOperationException"


def test_each_error_shape_is_one_that_clients_of_the_model_know(kinesis):
    """Codes that this suite expects somewhere exist in the model; a typo in the server could not pass for one."""
    known = set(dir(kinesis.exceptions))
    expected = [
        "ResourceNotFoundException", "ResourceInUseException", "InvalidArgumentException", "ExpiredIteratorException",
        "LimitExceededException", "ProvisionedThroughputExceededException", "DryRunOperationException",
        "ExpiredNextTokenException", "ValidationException", "AccessDeniedException", "KMSNotFoundException",
    ]  # fmt: skip
    assert set(expected) <= known
