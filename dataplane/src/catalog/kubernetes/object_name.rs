//! Names of objects for names of the Kinesis API, which allows what Kubernetes does not. Pure and stable: the same name
//! always gets the same object.

use md5::{Digest, Md5};

/// Kubernetes allows 253 characters; a `StatefulSet`'s pods and labels allow 63, so what is made from the name must be shorter.
const LEN_MAX: usize = 40;

/// The object's name for `name`: itself where Kubernetes takes it, else what is left of it and a digest of all of it.
pub(super) fn object_name(name: &str) -> String {
    if is_label(name) && name.len() <= LEN_MAX {
        return name.to_owned();
    }
    let mut slug: String = name
        .chars()
        .map(|letter| match letter {
            'a'..='z' | '0'..='9' => letter,
            'A'..='Z' => letter.to_ascii_lowercase(),
            _ => '-',
        })
        .take(LEN_MAX - 11)
        .collect();
    if !slug.starts_with(|first: char| first.is_ascii_lowercase()) {
        slug.insert_str(0, "s-");
    }
    let digest = hex::encode(&Md5::digest(name.as_bytes())[..4]);
    format!("{}-{digest}", slug.trim_end_matches('-'))
}

/// A DNS label that begins with a letter: what names of Services must be.
fn is_label(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.ends_with(|last: char| last.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_kubernetes_takes_is_its_own() {
        for name in ["clicks", "a", "orders-2-eu"] {
            assert_eq!(object_name(name), name);
        }
    }

    #[test]
    fn other_names_stay_readable_and_differ() {
        let names = [
            "Clicks", "clicks_", "clicks.", "_", "-", "1", "CLICKS", "clicks-",
        ];
        let mut objects: Vec<_> = names.iter().map(|name| object_name(name)).collect();
        let long = "x".repeat(128);
        objects.push(object_name(&long));
        for object in &objects {
            assert!(is_label(object) && object.len() <= LEN_MAX, "{object}");
        }
        objects.sort_unstable();
        objects.dedup();
        assert_eq!(objects.len(), names.len() + 1, "{objects:?}");
    }
}
