//! What a person reads when a manifest is wrong, and what is read when it is right.

use super::*;

fn read(text: &str) -> Result<Manifests, String> {
    let mut reader = Reader::default();
    reader
        .read(Path::new("streams.yaml"), text)
        .map_err(|error| error.to_string())?;
    Ok(reader.manifests)
}

fn stream(spec: &str) -> String {
    format!(
        "apiVersion: anabranch.dev/v1alpha1\nkind: DataStream\nmetadata: {{name: orders}}\nspec:\n{spec}\n"
    )
}

#[test]
fn a_file_may_hold_several_documents_of_several_kinds() {
    let text = format!(
        "{}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\n---\n# nothing\n---\n{}",
        stream("  shards: 4"),
        stream("  streamName: clicks"),
    );
    let manifests = read(&text).expect("readable");
    let names: Vec<&str> = manifests
        .streams
        .iter()
        .map(|stream| stream.stream_name.as_str())
        .collect();
    assert_eq!(names, ["orders", "clicks"]);
    assert_eq!(manifests.streams[0].shards, Some(4));
    assert_eq!(manifests.skipped.len(), 1);
    assert_eq!(manifests.skipped[0].kind, "ConfigMap");
    assert_eq!(manifests.skipped[0].place.document, 2);
}

#[test]
fn errors_name_the_file_the_document_the_path_and_what_to_write() {
    for (text, error) in [
        (
            stream("  shard: 4"),
            "streams.yaml, document 1: spec.shard: unknown field; write `shards`",
        ),
        (
            stream("  shards: four"),
            "streams.yaml, document 1: spec.shards: invalid type: string \"four\", expected u32 at line 5 column 11",
        ),
        (
            stream("  mode: Ondemand"),
            "streams.yaml, document 1: spec.mode: unknown variant `Ondemand`, expected `Provisioned` or `OnDemand` \
             at line 5 column 9",
        ),
        (
            stream("  retention: 7d"),
            "streams.yaml, document 1: spec.retention: retention must be whole hours between 24h and 8760h: write for example 168h for a week",
        ),
        (
            stream("  shards: 1").replace("v1alpha1", "v2"),
            "streams.yaml, document 1: apiVersion: anabranch.dev/v2 is not known; write anabranch.dev/v1alpha1",
        ),
        (
            stream("  shards: 1") + "sepc: {}\n",
            "streams.yaml, document 1: sepc: unknown field; a DataStream has apiVersion, kind, metadata and spec",
        ),
        (
            stream("  shards: 1") + "---\n" + &stream("  shards: 2"),
            "streams.yaml, document 2: spec.streamName: orders is also streams.yaml, document 1; remove one of them",
        ),
    ] {
        assert_eq!(read(&text), Err(error.to_owned()));
    }
}

#[test]
fn what_is_not_yaml_is_refused_with_its_line() {
    let error = read("kind: [").expect_err("not YAML");
    assert!(error.starts_with("streams.yaml, document 1: "), "{error}");
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn a_directory_is_read_in_the_order_of_its_file_names() {
    let directory = tempfile::tempdir().expect("directory");
    fs::write(
        directory.path().join("b.yml"),
        stream("  streamName: second"),
    )
    .expect("written");
    fs::write(
        directory.path().join("a.yaml"),
        stream("  streamName: first"),
    )
    .expect("written");
    fs::write(directory.path().join("notes.txt"), "not: [yaml").expect("written");
    let manifests = Manifests::read(directory.path()).expect("readable");
    let names: Vec<&str> = manifests
        .streams
        .iter()
        .map(|stream| stream.stream_name.as_str())
        .collect();
    assert_eq!(names, ["first", "second"]);
}

#[test]
fn a_missing_directory_is_named() {
    let error = Manifests::read(Path::new("/nowhere/at/all")).expect_err("missing");
    assert_eq!(error.to_string(), "read manifests: /nowhere/at/all");
}

#[test]
fn the_crd_has_defaults_columns_scale_and_sentences() {
    let crd = serde_json::to_value(DataStream::crd()).expect("serializable");
    let version = &crd["spec"]["versions"][0];
    let spec = &version["schema"]["openAPIV3Schema"]["properties"]["spec"];
    assert_eq!(
        crd["spec"]["names"]["shortNames"],
        serde_json::json!(["dstream"])
    );
    assert_eq!(spec["properties"]["retention"]["default"], "24h");
    assert_eq!(spec["properties"]["replication"]["default"]["factor"], 3);
    assert_eq!(
        version["subresources"]["scale"]["specReplicasPath"],
        ".spec.shards"
    );
    let rules = spec["x-kubernetes-validations"].as_array().expect("rules");
    assert!(rules.iter().all(|rule| {
        rule["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty())
    }));
    for (name, property) in spec["properties"].as_object().expect("properties") {
        assert!(
            property["description"].is_string(),
            "{name} is not described"
        );
    }
}
