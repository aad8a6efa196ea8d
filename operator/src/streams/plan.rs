//! What a `DataStream` needs now. Pure.

use anabranch_crds::data_stream::DeletionPolicy;
use anabranch_crds::{DataStream, DesiredStream};
use anabranch_domain::catalog::{Stream, StreamMode, StreamStatus};

/// The next thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing: it is as wished, or others are at it.
    Nothing,
    /// It cannot be carried out: this says what to write instead.
    Refused(String),
    /// Another object has the name.
    Duplicate,
    /// Give it an identity and shards.
    Found,
    /// Split or merge until there are so many shards.
    Scale(u32),
    /// Note that the number of shards is as wished.
    NoteShards(u32),
    /// Something that it names is not there: this says what.
    Missing(String),
    /// Take over what an earlier life of it left behind, as soon as that is all there: this says what is missing.
    Adopt(String),
    /// What an earlier life of it left behind is in the way: this says what to do.
    Unadoptable(String),
    /// Let it go; its records stay where they are.
    Release,
}

/// What `object` needs. `has_its_name` says whether no older object has the stream's name; `stream` is its stream in the
/// catalog, once it was founded.
pub(super) fn need(object: &DataStream, has_its_name: bool, stream: Option<&Stream>) -> Need {
    if object.metadata.deletion_timestamp.is_some() {
        return match object.spec.deletion_policy {
            DeletionPolicy::Retain => Need::Release,
            // Never founded: there is nothing to destroy, and nobody who would say that it is gone.
            DeletionPolicy::Delete if stream.is_none() || !is_founded(object) => Need::Release,
            DeletionPolicy::Delete => Need::Nothing,
        };
    }
    let wish = match DesiredStream::of(object) {
        Ok(wish) => wish,
        Err(invalid) => return Need::Refused(invalid.to_string()),
    };
    if !has_its_name {
        return Need::Duplicate;
    }
    if !is_founded(object) {
        return Need::Found;
    }
    stream.map_or(Need::Nothing, |stream| shards(object, stream, &wish))
}

fn is_founded(object: &DataStream) -> bool {
    let status = object.status.as_ref();
    status.is_some_and(|status| status.stream_uid.is_some())
}

/// Shards are changed when the spec was, not when something else changed their number.
fn shards(object: &DataStream, stream: &Stream, wish: &DesiredStream) -> Need {
    let applied = object
        .status
        .as_ref()
        .and_then(|status| status.applied_shards);
    let Some(wanted) = wish.shards.filter(|wanted| Some(*wanted) != applied) else {
        return Need::Nothing;
    };
    if stream.status != StreamStatus::Active || stream.running_reshard().is_some() {
        return Need::Nothing;
    }
    if wanted == stream.open_shard_count() || stream.mode == StreamMode::OnDemand {
        return Need::NoteShards(wanted);
    }
    Need::Scale(wanted)
}

#[cfg(test)]
mod tests {
    use anabranch_crds::DataStreamSpec;
    use serde_json::{Value, json};

    use super::*;

    fn object(spec: &Value, status: &Value) -> DataStream {
        let spec: DataStreamSpec = serde_json::from_value(spec.clone()).expect("a spec");
        let mut object = DataStream::new("clicks", spec);
        object.status = serde_json::from_value(status.clone()).expect("a status");
        object
    }

    fn one_copy() -> Value {
        json!({ "replication": { "factor": 1 } })
    }

    #[test]
    fn a_new_object_is_founded_unless_an_older_one_has_its_name() {
        let new = object(&one_copy(), &Value::Null);
        assert_eq!(need(&new, true, None), Need::Found);
        assert_eq!(need(&new, false, None), Need::Duplicate);
    }

    #[test]
    fn three_copies_are_founded() {
        let new = object(&json!({}), &Value::Null);
        assert_eq!(need(&new, true, None), Need::Found);
    }

    #[test]
    fn a_deleted_object_is_let_go_when_nothing_is_to_be_destroyed() {
        let mut retained = object(&one_copy(), &Value::Null);
        retained.metadata.deletion_timestamp = Some(
            k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(jiff::Timestamp::UNIX_EPOCH),
        );
        assert_eq!(need(&retained, false, None), Need::Release);
        let mut deleted = retained.clone();
        deleted.spec.deletion_policy = DeletionPolicy::Delete;
        assert_eq!(need(&deleted, true, None), Need::Release);
    }
}
