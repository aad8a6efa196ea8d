//! The owner's labels on a stream or consumer, and which characters AWS takes in them.

use std::collections::BTreeMap;

use thiserror::Error;

/// Keys and values, in the order of the keys (which is the order of pages).
pub type Tags = BTreeMap<String, String>;

/// Why a key or value is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IllegalTag {
    /// A character that no tag has; `:` is one, so no key begins with AWS's own `aws:`. AWS's text names no stream.
    #[error("a tag has an invalid character")]
    InvalidCharacter,
    /// A `%`, which AWS's first check lets through and its second does not: the text names the stream.
    #[error("a tag has a percent sign")]
    PercentSign,
    /// The same of a key that is to go: AWS's text says what did not happen to it.
    #[error("a tag to be removed has a percent sign")]
    PercentSignInRemoved,
}

/// Looks at all keys and values; the first rule that one of them breaks is the answer, in AWS's order of rules.
pub(super) fn check_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Result<(), IllegalTag> {
    let mut has_percent_sign = false;
    for text in texts {
        if !text.chars().all(is_letter_of_tag) {
            return Err(IllegalTag::InvalidCharacter);
        }
        has_percent_sign |= text.contains('%');
    }
    if has_percent_sign {
        Err(IllegalTag::PercentSign)
    } else {
        Ok(())
    }
}

/// The same rules for the keys of tags that are to go.
pub(super) fn check_removed_keys<'a>(
    keys: impl Iterator<Item = &'a str>,
) -> Result<(), IllegalTag> {
    check_texts(keys).map_err(|illegal| match illegal {
        IllegalTag::PercentSign => IllegalTag::PercentSignInRemoved,
        other => other,
    })
}

/// What AWS's first check lets through, as recorded against it.
fn is_letter_of_tag(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || matches!(letter, '_' | '.' | '/' | '-' | '=' | '+' | ' ' | '@' | '%')
        || matches!(letter, '\u{c0}'..='\u{1fff}' | '\u{2c00}'..='\u{d7ff}' | '\u{10000}'..)
}
