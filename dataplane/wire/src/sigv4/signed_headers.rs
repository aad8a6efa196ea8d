//! The headers that a signature covers: `host;x-amz-date;x-amz-target`, and their values in canonical form.

use super::RequestHead;

/// The list, as it stands in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SignedHeaders<'a>(pub(super) &'a str);

impl<'a> SignedHeaders<'a> {
    fn names(self) -> impl Iterator<Item = &'a str> {
        self.0.split(';').filter(|name| !name.is_empty())
    }

    /// Whether the list has this name, in whatever case.
    pub(super) fn contains(self, name: &str) -> bool {
        self.names().any(|signed| signed.eq_ignore_ascii_case(name))
    }

    /// Appends `name:value\n` for each name in the list. A header that the request does not have counts as empty.
    pub(super) fn append_canonical(self, head: &RequestHead<'_>, out: &mut String) {
        for name in self.names() {
            let start = out.len();
            out.push_str(name);
            out[start..].make_ascii_lowercase();
            out.push(':');
            if name.eq_ignore_ascii_case("host") || name == ":authority" {
                append_value(head.host(), out);
            } else {
                for (index, value) in head.headers.get_all(name).iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    append_value(value.as_bytes(), out);
                }
            }
            out.push('\n');
        }
    }
}

/// Trims the value and makes one blank of each run of white space.
fn append_value(value: &[u8], out: &mut String) {
    // Nearly every value: nothing to trim, and bytes that are text as they are.
    if value.iter().all(u8::is_ascii_graphic) {
        out.push_str(str::from_utf8(value).expect("ASCII is UTF-8"));
        return;
    }
    let value = String::from_utf8_lossy(value);
    for (index, word) in value.split_ascii_whitespace().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}
