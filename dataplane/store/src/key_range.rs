//! A half-open range of keys, `start..end`, in byte order.

/// `start..end`, compared as bytes; empty when `end <= start`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRange {
    start: Vec<u8>,
    end: Vec<u8>,
}

impl KeyRange {
    /// The keys from `start` (included) to `end` (excluded).
    pub fn new(start: impl AsRef<[u8]>, end: impl AsRef<[u8]>) -> Self {
        Self {
            start: start.as_ref().to_vec(),
            end: end.as_ref().to_vec(),
        }
    }

    /// Every key that begins with `prefix`. An empty prefix, or one of only `0xff` bytes, has no key after it and is
    /// bounded by sixty-four `0xff` bytes, which no key of ours reaches.
    pub fn prefix(prefix: impl AsRef<[u8]>) -> Self {
        let start = prefix.as_ref().to_vec();
        let end = match start.iter().rposition(|&byte| byte != u8::MAX) {
            Some(last) => {
                let mut end = start[..=last].to_vec();
                end[last] += 1;
                end
            }
            None => vec![u8::MAX; 64],
        };
        Self { start, end }
    }

    /// The first key inside, if it exists.
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// The first key after the range.
    pub fn end(&self) -> &[u8] {
        &self.end
    }

    /// Whether no key can lie inside.
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// Whether `key` lies inside.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.start.as_slice() <= key && key < self.end.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_holds_its_keys_and_no_others() {
        let range = KeyRange::prefix([7, 0xff]);
        assert!(range.contains(&[7, 0xff]) && range.contains(&[7, 0xff, 0xff, 9]));
        assert!(!range.contains(&[7, 0xfe, 0xff]) && !range.contains(&[8]));
    }

    #[test]
    fn the_empty_prefix_holds_everything() {
        let range = KeyRange::prefix([]);
        assert!(range.contains(&[]) && range.contains(&[0xff; 40]));
    }
}
