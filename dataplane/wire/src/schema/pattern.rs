//! A regular expression of the model: how it is matched and how a refusal prints it.

use regex::Regex;
use std::sync::OnceLock;

/// A pattern that a whole string must match.
#[derive(Debug)]
pub struct Pattern {
    /// As AWS's newest model writes it.
    pub model: &'static str,
    /// As AWS prints it in a refusal; recorded from the service where it differs from the model.
    pub printed: &'static str,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    pub(crate) const fn new(model: &'static str) -> Self {
        Pattern::printed_as(model, model)
    }

    pub(crate) const fn printed_as(model: &'static str, printed: &'static str) -> Self {
        Pattern {
            model,
            printed,
            compiled: OnceLock::new(),
        }
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        self.compiled.get_or_init(|| self.compile()).is_match(text)
    }

    /// AWS's `\d` is ASCII's digits, as in Java; `$` must not match before a final line break.
    fn compile(&self) -> Regex {
        let ascii_digits = self.model.replace(r"\d", "[0-9]");
        Regex::new(&format!(r"\A(?:{ascii_digits})\z"))
            .expect("every pattern of the tables is compiled by a test")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_text_and_only_ascii_digits() {
        let pattern = Pattern::new(r"^(0|([1-9]\d{0,3}))$");
        for (text, expected) in [
            ("0", true),
            ("1234", true),
            ("12345", false),
            ("01", false),
            ("", false),
            ("1\n", false),
            ("١", false),
        ] {
            assert_eq!(pattern.matches(text), expected, "{text:?}");
        }
    }
}
