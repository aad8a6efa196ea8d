//! Who calls: AWS's environment variables, then its shared credentials file, then (on this machine only) anybody.

use std::fmt;
use std::path::PathBuf;

use anabranch_wire::sigv4::{SecretKey, SigningCredentials};

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cli) struct Credentials {
    pub(in crate::cli) access_key_id: String,
    pub(in crate::cli) secret_access_key: String,
    pub(in crate::cli) session_token: Option<String>,
}

impl Credentials {
    /// The credentials of this environment; `loopback` allows made-up ones when there are none.
    pub(in crate::cli) fn discover(
        environment: impl Fn(&str) -> Option<String>,
        loopback: bool,
    ) -> Result<Self, String> {
        let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
        match (
            variable("AWS_ACCESS_KEY_ID"),
            variable("AWS_SECRET_ACCESS_KEY"),
        ) {
            (Some(access_key_id), Some(secret_access_key)) => {
                let session_token = variable("AWS_SESSION_TOKEN");
                return Ok(Self {
                    access_key_id,
                    secret_access_key,
                    session_token,
                });
            }
            (Some(_), None) => {
                return Err("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not".to_owned());
            }
            _ => {}
        }
        let profile = variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
        let path = variable("AWS_SHARED_CREDENTIALS_FILE")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".aws/credentials")));
        let file = path.and_then(|path| std::fs::read_to_string(path).ok());
        if let Some(found) = file.and_then(|text| Self::in_profile(&text, &profile)) {
            return Ok(found);
        }
        if loopback {
            return Ok(Self::made_up());
        }
        Err(
            "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
                .to_owned(),
        )
    }

    /// What emulators and `--allow-anonymous` accept as well as any others.
    fn made_up() -> Self {
        Self {
            access_key_id: "anabranch".to_owned(),
            secret_access_key: "anabranch".to_owned(),
            session_token: None,
        }
    }

    /// The keys of one section of AWS's credentials file.
    fn in_profile(text: &str, profile: &str) -> Option<Self> {
        let mut inside = false;
        let (mut id, mut secret, mut session_token) = (None, None, None);
        for line in text.lines().map(str::trim) {
            if let Some(section) = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                inside = section.trim() == profile;
            } else if let (true, Some((name, value))) = (inside, line.split_once('=')) {
                let value = Some(value.trim().to_owned());
                match name.trim() {
                    "aws_access_key_id" => id = value,
                    "aws_secret_access_key" => secret = value,
                    "aws_session_token" => session_token = value,
                    _ => {}
                }
            }
        }
        Some(Self {
            access_key_id: id?,
            secret_access_key: secret?,
            session_token,
        })
    }
}

impl From<Credentials> for SigningCredentials {
    fn from(credentials: Credentials) -> Self {
        Self {
            access_key_id: credentials.access_key_id,
            secret: SecretKey::new(&credentials.secret_access_key),
            session_token: credentials.session_token,
        }
    }
}

/// Never the secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_comes_first() {
        let environment = |name: &str| match name {
            "AWS_ACCESS_KEY_ID" => Some("id".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("secret".to_owned()),
            _ => None,
        };
        let found = Credentials::discover(environment, false).expect("both are set");
        assert_eq!(
            (
                found.access_key_id.as_str(),
                found.secret_access_key.as_str()
            ),
            ("id", "secret")
        );
        assert!(!format!("{found:?}").contains("secret"));
    }

    #[test]
    fn half_a_key_is_a_mistake_and_not_a_reason_to_look_further() {
        let environment = |name: &str| (name == "AWS_ACCESS_KEY_ID").then(|| "id".to_owned());
        assert!(Credentials::discover(environment, true).is_err());
    }

    #[test]
    fn only_a_loopback_endpoint_takes_made_up_credentials() {
        assert!(Credentials::discover(|_| None, true).is_ok());
        assert!(
            Credentials::discover(|_| None, false)
                .expect_err("none")
                .contains("AWS_ACCESS_KEY_ID")
        );
    }

    #[test]
    fn a_profile_is_read_from_its_own_section() {
        let text = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n\n[work]\naws_access_key_id=c\naws_secret_access_key=d\naws_session_token=e\n";
        let found = Credentials::in_profile(text, "work").expect("it is there");
        assert_eq!(found.access_key_id, "c");
        assert_eq!(found.session_token.as_deref(), Some("e"));
        assert_eq!(Credentials::in_profile(text, "play"), None);
    }
}
