"""ListTagsForStream."""

from harness import kinesis as k


def test_pages_come_in_key_order(kinesis, stream):
    kinesis.add_tags_to_stream(StreamName=stream, Tags={letter: letter.upper() for letter in "dbca"})
    first = kinesis.list_tags_for_stream(StreamName=stream, Limit=3)
    assert [tag["Key"] for tag in first["Tags"]] == ["a", "b", "c"]
    assert first["HasMoreTags"] is True
    rest = kinesis.list_tags_for_stream(StreamName=stream, ExclusiveStartTagKey="c")
    assert rest["Tags"] == [{"Key": "d", "Value": "D"}]
    assert rest["HasMoreTags"] is False


def test_no_tags_is_an_empty_list(kinesis, stream):
    answer = kinesis.list_tags_for_stream(StreamARN=k.stream_arn(stream))
    assert answer["Tags"] == [] and answer["HasMoreTags"] is False


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.list_tags_for_stream(StreamName="no-such")
