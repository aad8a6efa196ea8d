"""RemoveTagsFromStream."""

from harness import kinesis as k


def test_named_tags_go_and_unknown_ones_do_not_matter(kinesis, stream):
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"a": "1", "b": "2"})
    kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=["a", "never-set"])
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_an_empty_list_is_refused(kinesis, stream):
    with k.refused(
        "ValidationException",
        "1 validation error detected: Value '[]' at 'tagKeys' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    ):
        kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=[])


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.remove_tags_from_stream(StreamName="no-such", TagKeys=["a"])
