//! AWS's model as it is published with `botocore`.

use serde_json::Value;
use std::env;
use std::path::Path;
use std::process::Command;

const PATH_VARIABLE: &str = "BOTOCORE_KINESIS_MODEL";

/// Finds the newest model of an installed `botocore`.
const FIND_MODEL: &str = "
import botocore, glob, os
print(sorted(glob.glob(os.path.join(os.path.dirname(botocore.__file__), 'data/kinesis/*/service-2.json*')))[-1])
";

/// A service model.
pub(crate) struct Model(Value);

/// An operation's shapes by name.
pub(crate) struct Operation<'m> {
    pub(crate) input: Option<&'m str>,
    pub(crate) output: Option<&'m str>,
}

impl Model {
    /// The model, from where it is installed.
    pub(crate) fn load() -> Self {
        let path = env::var(PATH_VARIABLE).ok().filter(|path| !path.is_empty()).or_else(installed).unwrap_or_else(|| {
            panic!("no model: `pip install botocore` for python3, or set {PATH_VARIABLE} to its service-2.json(.gz)")
        });
        let text = if Path::new(&path)
            .extension()
            .is_some_and(|extension| extension == "gz")
        {
            output_of(Command::new("gzip").args(["-dc", &path])).expect("gzip unpacks the model")
        } else {
            std::fs::read(&path).expect("the model can be read")
        };
        Model(serde_json::from_slice(&text).expect("the model is JSON"))
    }

    pub(crate) fn operations(&self) -> impl Iterator<Item = (&str, Operation<'_>)> {
        let operations = self.0["operations"]
            .as_object()
            .expect("a model has operations");
        operations.iter().map(|(name, operation)| {
            let shape = |role: &str| operation[role]["shape"].as_str();
            (
                name.as_str(),
                Operation {
                    input: shape("input"),
                    output: shape("output"),
                },
            )
        })
    }

    /// The error shapes, and whether each is the server's fault.
    pub(crate) fn errors(&self) -> impl Iterator<Item = (&str, bool)> {
        let shapes = self.0["shapes"].as_object().expect("a model has shapes");
        let errors = shapes
            .iter()
            .filter(|(_, shape)| shape["exception"] == true);
        errors.map(|(name, shape)| (name.as_str(), shape["fault"] == true))
    }

    pub(crate) fn shape(&self, name: &str) -> &Value {
        &self.0["shapes"][name]
    }
}

fn installed() -> Option<String> {
    let output = output_of(Command::new("python3").args(["-c", FIND_MODEL]))?;
    Some(String::from_utf8(output).ok()?.trim().to_owned())
}

fn output_of(command: &mut Command) -> Option<Vec<u8>> {
    let output = command.output().ok()?;
    output.status.success().then_some(output.stdout)
}
