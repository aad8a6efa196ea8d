//! What a process used, from Linux's `/proc`: processor time, memory, and bytes written to the disk.

use std::fs;

/// The unit of processor times in `/proc`: every common Linux counts in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process had used at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    pub(super) cpu_seconds: f64,
    pub(super) resident_bytes: u64,
    /// What it had the kernel write to storage.
    pub(super) written_bytes: u64,
}

impl Usage {
    /// What process `pid` has used until now; `None` where that cannot be read.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
        Some(Self {
            cpu_seconds: cpu_seconds(&read("stat")?)?,
            resident_bytes: field(&read("status")?, "VmRSS:").unwrap_or(0) * 1024,
            // Only the owner and root may read it.
            written_bytes: read("io")
                .and_then(|text| field(&text, "write_bytes:"))
                .unwrap_or(0),
        })
    }

    /// What was used since `before`; memory is what it is now.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds - before.cpu_seconds,
            resident_bytes: self.resident_bytes,
            written_bytes: self.written_bytes.saturating_sub(before.written_bytes),
        }
    }
}

/// User and system time; the fields stand after the name, which may hold anything but ends with the last parenthesis.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_a_name_with_parentheses() {
        let stat = "17 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1";
        assert!((cpu_seconds(stat).expect("well-formed") - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_field_is_found_by_its_name() {
        assert_eq!(field("Name: x\nVmRSS:\t  1234 kB\n", "VmRSS:"), Some(1234));
        assert_eq!(field("", "VmRSS:"), None);
    }
}
