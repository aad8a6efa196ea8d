//! `--config FILE`: a YAML map whose keys are the long flags without their dashes.
//!
//! Its values become the defaults of the command's own arguments, so that one parser checks flag, environment and
//! file alike, and the order flag > environment > file > default is the one that clap already has.

use std::path::Path;

use serde_yaml::Value;

use super::outcome::Failure;

/// The settings of one file, in its order: name and value as it would follow the flag.
pub(super) type Settings = Vec<(String, String)>;

/// Reads the settings in `path`; each must be one of `names`.
pub(super) fn read(path: &Path, names: &[String]) -> Result<Settings, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!(
            "cannot read the config file {}: {error}",
            path.display()
        ))
    })?;
    parse(&text, names).map_err(|reason| Failure::usage(format!("in {}: {reason}", path.display())))
}

/// Makes `settings` the defaults of the arguments of their names.
pub(super) fn lay_under(command: clap::Command, settings: &Settings) -> clap::Command {
    settings.iter().fold(command, |command, (name, value)| {
        command.mut_arg(argument_id(name), |argument| {
            argument.default_value(value.clone())
        })
    })
}

/// The id that clap derives for the flag `--name`.
fn argument_id(name: &str) -> String {
    name.replace('-', "_")
}

fn parse(text: &str, names: &[String]) -> Result<Settings, String> {
    let map = match serde_yaml::from_str(text).map_err(|error| error.to_string())? {
        Value::Null => return Ok(Vec::new()),
        Value::Mapping(map) => map,
        _ => return Err("expected a map of settings, such as `listen: 127.0.0.1:4567`".to_owned()),
    };
    map.into_iter()
        .map(|(key, value)| setting(&key, &value, names))
        .collect()
}

fn setting(key: &Value, value: &Value, names: &[String]) -> Result<(String, String), String> {
    let key = key
        .as_str()
        .ok_or_else(|| "the name of a setting is text".to_owned())?;
    if !names.iter().any(|name| name == key) {
        return Err(match nearest(key, names) {
            Some(name) => format!("unknown setting `{key}`; did you mean `{name}`?"),
            None => {
                format!("unknown setting `{key}`; `anabranch standalone --help` lists them all")
            }
        });
    }
    let value = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => return Err(format!("`{key}` takes one plain value")),
    };
    Ok((key.to_owned(), value))
}

/// The name that `key` was most likely meant to be; none when nothing is near.
fn nearest<'a>(key: &str, names: &'a [String]) -> Option<&'a str> {
    let key: String = key
        .chars()
        .map(|character| {
            if character == '_' {
                '-'
            } else {
                character.to_ascii_lowercase()
            }
        })
        .collect();
    let plain = |name: &str| name.replace('-', "");
    names
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&plain(&key), &plain(name)),
                name,
            )
        })
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .map(|(_, name)| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["listen", "data-dir", "allow-anonymous", "tail-cache-bytes"]
            .map(str::to_owned)
            .to_vec()
    }

    #[test]
    fn scalars_of_every_kind_become_what_would_follow_the_flag() {
        let settings = parse(
            "listen: 127.0.0.1:1\nallow-anonymous: true\ntail-cache-bytes: 1024\n",
            &names(),
        );
        let expected = [
            ("listen", "127.0.0.1:1"),
            ("allow-anonymous", "true"),
            ("tail-cache-bytes", "1024"),
        ];
        assert_eq!(
            settings,
            Ok(expected
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec())
        );
    }

    #[test]
    fn an_empty_file_sets_nothing() {
        assert_eq!(parse("# nothing yet\n", &names()), Ok(Vec::new()));
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_name() {
        for key in ["data_dir", "dataDir", "data-dri", "datadir"] {
            let error = parse(&format!("{key}: /tmp/x"), &names()).expect_err("unknown key");
            assert!(error.contains("did you mean `data-dir`"), "{error}");
        }
        assert!(
            parse("colour: red", &names())
                .expect_err("unknown key")
                .contains("--help")
        );
    }

    #[test]
    fn a_list_is_refused_with_the_name_of_its_key() {
        assert!(
            parse("listen: [1, 2]", &names())
                .expect_err("a list")
                .contains("`listen`")
        );
    }
}
