"""AddTagsToStream."""

import pytest

from harness import kinesis as k


def tags(kinesis, name):
    return {tag["Key"]: tag["Value"] for tag in kinesis.list_tags_for_stream(StreamName=name)["Tags"]}


def test_tags_are_added_and_overwritten(kinesis, stream):
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"a": "1", "b": ""})
    kinesis.add_tags_to_stream(StreamARN=k.stream_arn(stream), Tags={"a": "2", "ünïcode / _.=+-@": "x"})
    assert tags(kinesis, stream) == {"a": "2", "b": "", "ünïcode / _.=+-@": "x"}


def test_fifty_tags_are_the_most(kinesis, stream):
    for first in range(0, 50, 10):
        kinesis.add_tags_to_stream(StreamName=stream, Tags={f"k{i}": "v" for i in range(first, first + 10)})
    with pytest.raises(kinesis.exceptions.ClientError) as caught:
        kinesis.add_tags_to_stream(StreamName=stream, Tags={"one-more": "v"})
    assert caught.value.response["Error"]["Code"] in ("InvalidArgumentException", "LimitExceededException")
    assert len(tags(kinesis, stream)) == 50
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"k0": "changed"})


@pytest.mark.parametrize("bad", ["a;b", "<tag>", "a#b"])
def test_other_characters_are_refused(kinesis, stream, bad):
    with k.refused(
        "InvalidArgumentException",
        "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.",
    ):
        kinesis.add_tags_to_stream(StreamName=stream, Tags={bad: "v"})


def test_a_key_of_no_length_is_refused(kinesis, stream):
    with k.refused("ValidationException"):
        kinesis.add_tags_to_stream(StreamName=stream, Tags={"": "v"})


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.add_tags_to_stream(StreamName="no-such", Tags={"a": "b"})
