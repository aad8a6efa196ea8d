//! Writes the definitions of all kinds into a directory, one YAML file each: `crdgen [DIRECTORY]`, `crds/yaml` by default.
//!
//! Files of kinds that are no more are removed, so that the directory is what the types say.

use std::{env, error::Error, fs, path::PathBuf};

use anabranch_crds::definitions;

const HEAD: &str = "# Made from the types in crds/src by `make generate`; changes here are lost.\n";

fn main() -> Result<(), Box<dyn Error>> {
    let directory = env::args_os()
        .nth(1)
        .map_or_else(default_directory, PathBuf::from);
    fs::create_dir_all(&directory)?;
    for entry in fs::read_dir(&directory)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            fs::remove_file(path)?;
        }
    }
    for definition in definitions::all() {
        let name = &definition.spec.names.plural;
        let text = serde_yaml::to_string(&definition)?;
        fs::write(
            directory.join(format!("{name}.yaml")),
            format!("{HEAD}{text}"),
        )?;
    }
    Ok(())
}

fn default_directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("yaml")
}
