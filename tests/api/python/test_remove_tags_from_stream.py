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


def test_a_percent_sign_in_a_key_is_refused_by_the_second_check(kinesis, stream):
    with k.refused(
        "InvalidArgumentException",
        f"Failed to remove tags from stream {stream} under account {k.ACCOUNT_ID} because some tags contained illegal "
        "characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.",
    ):
        kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=["100%"])


def test_an_unknown_stream_is_not_found(kinesis):
    with k.refused("ResourceNotFoundException", f"Stream no-such under account {k.ACCOUNT_ID} not found."):
        kinesis.remove_tags_from_stream(StreamName="no-such", TagKeys=["a"])
