//! Manifests of a directory, read as `kubectl apply -f DIR` would: every `.yaml` and `.yml` file in the order of names,
//! several documents a file.
//!
//! Owns the way from files to [`DesiredStream`]s and the errors a person reads on the way: file, document, path, and
//! what to write instead. Documents of other kinds are handed back as [`Skipped`], so that one file may hold a whole
//! installation. Only trusted files are read: the YAML reader has no bound on aliases.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use kube::{CustomResourceExt, Resource};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    DataStream, DesiredStream,
    desired_stream::InvalidSpec,
    unknown_field::{self, UnknownField},
};

/// What a directory's manifests wish for.
#[derive(Debug, Default, PartialEq)]
pub struct Manifests {
    /// The streams, in the order in which they were read.
    pub streams: Vec<DesiredStream>,
    /// Documents of kinds that are not read here; the caller warns of them.
    pub skipped: Vec<Skipped>,
}

/// A document that is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Where it is.
    pub place: Place,
    /// Its `kind`.
    pub kind: String,
}

/// A document of a file, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Which of its documents.
    pub document: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{}, document {}",
            self.file.display(),
            self.document
        )
    }
}

/// Why manifests cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The directory or a file of it.
    #[error("read manifests: {}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not YAML, or a field of the wrong type.
    #[error("{place}: {source}")]
    Document {
        /// Where.
        place: Place,
        /// Path, line and column, and what was expected there.
        source: serde_yaml::Error,
    },
    /// A field that the kind does not have.
    #[error("{place}: {path}: unknown field; {instead}")]
    UnknownField {
        /// Where.
        place: Place,
        /// The field's path.
        path: String,
        /// What to write instead.
        instead: String,
    },
    /// Our group in a version or kind that this release does not have.
    #[error("{place}: apiVersion: {found} is not known; write {}", DataStream::api_version(&()))]
    ApiVersion {
        /// Where.
        place: Place,
        /// What was written.
        found: String,
    },
    /// A value that the kind's rules refuse.
    #[error("{place}: {source}")]
    Spec {
        /// Where.
        place: Place,
        /// Path and what to write instead.
        source: InvalidSpec,
    },
    /// Two documents name one stream.
    #[error("{place}: spec.streamName: {stream_name} is also {first}; remove one of them")]
    Duplicate {
        /// Where the second is.
        place: Place,
        /// The name.
        stream_name: String,
        /// Where the first is.
        first: Place,
    },
}

/// What every Kubernetes object has.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Header {
    api_version: String,
    kind: String,
}

impl Manifests {
    /// All manifests of a directory (not of its subdirectories).
    pub fn read(directory: &Path) -> Result<Self, ManifestError> {
        let mut files = yaml_files(directory).map_err(|source| ManifestError::Read {
            path: directory.to_owned(),
            source,
        })?;
        files.sort();
        let mut reader = Reader::default();
        for file in files {
            let text = fs::read_to_string(&file).map_err(|source| ManifestError::Read {
                path: file.clone(),
                source,
            })?;
            reader.read(&file, &text)?;
        }
        Ok(reader.manifests)
    }
}

fn yaml_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("yaml" | "yml")) && path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

/// Collects over the files of a directory.
#[derive(Default)]
struct Reader {
    manifests: Manifests,
    /// Where each stream was first named.
    named: BTreeMap<String, Place>,
}

impl Reader {
    fn read(&mut self, file: &Path, text: &str) -> Result<(), ManifestError> {
        // A document of the YAML reader can be taken once only, and a typed reading is the one that knows lines: so the
        // text is gone over twice, first for what each document is.
        let documents =
            serde_yaml::Deserializer::from_str(text).zip(serde_yaml::Deserializer::from_str(text));
        for (index, (first, second)) in documents.enumerate() {
            let place = Place {
                file: file.to_owned(),
                document: index + 1,
            };
            let raw = serde_yaml::Value::deserialize(first).map_err(|source| {
                ManifestError::Document {
                    place: place.clone(),
                    source,
                }
            })?;
            if raw.is_null() {
                continue;
            }
            self.read_document(place, &raw, second)?;
        }
        Ok(())
    }

    fn read_document(
        &mut self,
        place: Place,
        raw: &serde_yaml::Value,
        document: serde_yaml::Deserializer<'_>,
    ) -> Result<(), ManifestError> {
        let header: Header =
            serde_yaml::from_value(raw.clone()).map_err(|source| ManifestError::Document {
                place: place.clone(),
                source,
            })?;
        if header.kind != DataStream::kind(&()) {
            self.manifests.skipped.push(Skipped {
                place,
                kind: header.kind,
            });
            return Ok(());
        }
        if header.api_version != DataStream::api_version(&()) {
            return Err(ManifestError::ApiVersion {
                place,
                found: header.api_version,
            });
        }
        if let Some(UnknownField { path, instead }) = unknown_field_of(raw) {
            return Err(ManifestError::UnknownField {
                place,
                path,
                instead,
            });
        }
        let object =
            DataStream::deserialize(document).map_err(|source| ManifestError::Document {
                place: place.clone(),
                source,
            })?;
        let stream = DesiredStream::of(&object).map_err(|source| ManifestError::Spec {
            place: place.clone(),
            source,
        })?;
        self.add(place, stream)
    }

    fn add(&mut self, place: Place, stream: DesiredStream) -> Result<(), ManifestError> {
        let stream_name = stream.stream_name.clone();
        if let Some(first) = self.named.get(&stream_name) {
            return Err(ManifestError::Duplicate {
                place,
                stream_name,
                first: first.clone(),
            });
        }
        self.named.insert(stream_name, place);
        self.manifests.streams.push(stream);
        Ok(())
    }
}

fn unknown_field_of(raw: &serde_yaml::Value) -> Option<UnknownField> {
    // What is not JSON (a key that is no string) is refused by the typed reading, with its line.
    let value = to_json(raw)?;
    let schema = to_json(
        &DataStream::crd()
            .spec
            .versions
            .first()?
            .schema
            .as_ref()?
            .open_api_v3_schema,
    )?;
    let Value::Object(fields) = &value else {
        return None;
    };
    let of_spec = fields
        .get("spec")
        .and_then(|spec| unknown_field::find(schema.pointer("/properties/spec")?, spec, "spec"));
    of_spec.or_else(|| {
        const FIELDS: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];
        let path = fields
            .keys()
            .find(|name| !FIELDS.contains(&name.as_str()))?
            .clone();
        Some(UnknownField {
            path,
            instead: "a DataStream has apiVersion, kind, metadata and spec".to_owned(),
        })
    })
}

fn to_json(value: &impl Serialize) -> Option<Value> {
    serde_json::to_value(value).ok()
}

#[cfg(test)]
#[path = "manifest_test.rs"]
mod tests;
