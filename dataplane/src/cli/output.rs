//! How results are written: for people, or as JSON for programs. Results go to standard output, news to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// The shape of what a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}

/// How a command prints.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// For people, or one JSON document (records: one a line) for programs
    #[arg(
        long,
        short,
        value_name = "text|json",
        default_value = "text",
        hide_possible_values = true
    )]
    pub(super) output: Output,

    /// Say nothing but results and errors
    #[arg(long, short)]
    pub(super) quiet: bool,
}

impl OutputArgs {
    /// News for a person who watches; nothing where nobody does.
    pub(super) fn news(&self, text: &str) {
        if !self.quiet && self.output == Output::Text {
            eprintln!("{text}");
        }
    }

    /// A bar over `total` steps, or a spinner where the end is not known; hidden where nobody watches.
    pub(super) fn progress(&self, total: Option<u64>, unit: &str) -> ProgressBar {
        if self.quiet || self.output == Output::Json || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{wide_bar} {human_pos}/{human_len} UNIT  {per_sec}  {eta} left {msg}",
            ),
            None => (
                ProgressBar::new_spinner(),
                "{spinner} {human_pos} UNIT  {per_sec} {msg}",
            ),
        };
        let template = template.replace("UNIT", unit);
        bar.with_style(
            ProgressStyle::with_template(&template).expect("the templates above are well-formed"),
        )
    }
}

/// Writes a line of text.
pub(super) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Writes one JSON document over several lines.
pub(super) fn document(value: &Value) -> io::Result<()> {
    line(&format!("{value:#}"))
}

/// Columns that are as wide as their widest cell; what ends a row makes none wider.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter(|row| column + 1 < row.len())
            .map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let padded = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}  "));
        text.push_str(padded.collect::<String>().trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["NAME", "SHARDS"], ["orders", "4"], ["a", "12"]]
            .map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows), "NAME    SHARDS\norders  4\na       12\n");
    }
}
