//! Wildcards as IAM has them: `*` is any run of characters, `?` is any one character.

/// Whether `pattern` matches the whole of `text`. Takes at most `pattern × text` steps: after a mismatch only the last star
/// gives way, so no pattern makes it exponential.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    matches_by(pattern, text, |left, right| left == right)
}

/// As [`matches`], letters compared without regard to their case.
pub(super) fn matches_ignoring_case(pattern: &str, text: &str) -> bool {
    matches_by(pattern, text, |left, right| {
        left.eq_ignore_ascii_case(&right)
    })
}

fn matches_by(pattern: &str, text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on when a later character does not fit: behind the last star, with one character more under it.
    let mut retry = None;
    loop {
        let text_here = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                text = text_here;
                retry = Some((pattern.clone(), text.clone()));
            }
            (Some(wanted), Some(found)) if wanted == '?' || same(wanted, found) => {}
            _ => {
                let Some((behind_star, mut under_star)) = retry else {
                    return false;
                };
                if under_star.next().is_none() {
                    return false;
                }
                pattern = behind_star.clone();
                text = under_star.clone();
                retry = Some((behind_star, under_star));
            }
        }
    }
}
