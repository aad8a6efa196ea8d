//! Where to connect: what the user said, what the environment says, or this machine.

use std::fmt;
use std::str::FromStr;

/// Where `anabranch standalone` listens unless told otherwise.
const DEFAULT: &str = "http://127.0.0.1:4567";

/// The variables that name an endpoint, the most specific first.
const VARIABLES: [&str; 3] = [
    "ANABRANCH_ENDPOINT",
    "AWS_ENDPOINT_URL_KINESIS",
    "AWS_ENDPOINT_URL",
];

/// Plain text or TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Scheme {
    Http,
    Https,
}

/// The root of a Kinesis API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Endpoint {
    scheme: Scheme,
    host: String,
    port: u16,
}

impl Endpoint {
    /// The endpoint given by a flag, else by the environment, else on this machine.
    pub(in crate::cli) fn discover(
        flag: Option<&Endpoint>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        if let Some(endpoint) = flag {
            return Ok(endpoint.clone());
        }
        match VARIABLES
            .into_iter()
            .find_map(|name| Some((name, environment(name).filter(|value| !value.is_empty())?)))
        {
            Some((name, value)) => value.parse().map_err(|reason| format!("{name}: {reason}")),
            None => DEFAULT.parse(),
        }
    }

    pub(in crate::cli) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(in crate::cli) fn host(&self) -> &str {
        &self.host
    }

    pub(in crate::cli) fn port(&self) -> u16 {
        self.port
    }

    /// What the `Host` header says, and so what is signed: the port is left out where it goes without saying.
    pub(in crate::cli) fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        if self.port == self.scheme.default_port() {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Whether it is this machine, where no real credentials are asked for.
    pub(in crate::cli) fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: http::Uri = text
            .parse()
            .map_err(|_| format!("`{text}` is no URL, such as {DEFAULT}"))?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err(format!("`{text}` begins with neither http:// nor https://")),
        };
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or_else(|| format!("`{text}` names no host"))?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        Ok(Self {
            scheme,
            host,
            port: uri.port_u16().unwrap_or(scheme.default_port()),
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "AWS_ENDPOINT_URL" => Some("http://localhost:4566".to_owned()),
            "AWS_ENDPOINT_URL_KINESIS" => Some("https://kinesis.example".to_owned()),
            "ANABRANCH_ENDPOINT" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn a_flag_wins_and_then_the_most_specific_variable_that_is_not_empty() {
        let flag: Endpoint = "http://127.0.0.1:1234".parse().expect("a URL");
        assert_eq!(Endpoint::discover(Some(&flag), environment), Ok(flag));
        let found = Endpoint::discover(None, environment).expect("a URL");
        assert_eq!(found.to_string(), "https://kinesis.example");
        assert_eq!(
            Endpoint::discover(None, |_| None)
                .expect("the default")
                .to_string(),
            DEFAULT
        );
    }

    #[test]
    fn the_authority_leaves_out_the_usual_port() {
        let authority = |text: &str| text.parse::<Endpoint>().expect("a URL").authority();
        assert_eq!(authority("https://kinesis.example:443/"), "kinesis.example");
        assert_eq!(
            authority("http://kinesis.example:443"),
            "kinesis.example:443"
        );
        assert_eq!(authority("http://[::1]:4567"), "[::1]:4567");
    }

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        for (text, expected) in [
            ("http://localhost:1", true),
            ("http://[::1]:1", true),
            ("http://127.0.0.9", true),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(
                text.parse::<Endpoint>().expect("a URL").is_loopback(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_url_is_refused_with_an_example() {
        for text in ["127.0.0.1:4567", "ftp://x", "", "http://"] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
