//! `anabranch put`: one record, or a record a line in batches.

use std::io::{IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anabranch_wire::shapes::{
    PutRecordInput, PutRecordOutput, PutRecordsInput, PutRecordsOutput, PutRecordsRequestEntry,
};
use anabranch_wire::{Action, Blob};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, BufReader};

use super::batch::{Batch, leftover};
use super::client::{CallError, ClientArgs, Kinesis};
use super::outcome::{Failure, Outcome};
use super::output::{Output, OutputArgs, document, line};
use super::units::grouped;

/// The pause before refused records are put again; each further one is twice as long, up to `PAUSE_MAX`.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How long a line from a slow writer waits for company.
const LINGER: Duration = Duration::from_millis(50);

/// Write records: one from the command line, or one a line
///
/// With DATA, writes that one record and prints where it went. Without (or with `-`), reads standard input, and with
/// --file a file: every line is a record. Lines are gathered into PutRecords calls; records that the service refuses
/// are put again, as are calls that fail on the way, so a record may be written twice if an answer is lost (as with
/// every AWS SDK).
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct PutArgs {
    /// The stream
    stream: String,

    /// The record's data, or `-` for standard input
    #[arg(conflicts_with = "file")]
    data: Option<String>,

    /// Read records from a file
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,

    /// The partition key of every record [default: another one for each]
    #[arg(long, short)]
    key: Option<String>,

    /// Take the key from each line: what stands before the first TEXT
    #[arg(long, value_name = "TEXT", conflicts_with = "key")]
    key_separator: Option<String>,

    /// Choose the shard by this hash key (0 to 2^128-1) instead of the partition key's
    #[arg(long, value_name = "NUMBER")]
    explicit_hash_key: Option<String>,

    /// The whole input is one record, line feeds and all
    #[arg(long)]
    whole: bool,

    /// How often refused records are put again before giving up
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    retries: u32,

    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const EXAMPLES: &str = "\
Examples:
  anabranch put orders 'a record'                     one record
  anabranch put orders --key customer-7 < orders.txt  a record a line, all to one shard
  anabranch put orders --file keyed.tsv --key-separator $'\\t'
  tail -f access.log | anabranch put logs
  anabranch put images --file photo.jpg --whole

Exit codes: 0 all records were written, 1 none, 3 some.";

/// What became of the records so far.
#[derive(Debug, Default)]
struct Tally {
    written: u64,
    bytes: u64,
    retried: u64,
    lost: u64,
    reason: Option<String>,
}

pub(super) async fn run(args: PutArgs) -> Result<Outcome, Failure> {
    let kinesis = args.client.connect()?;
    if let Some(data) = one_record(&args)? {
        return put_one(&kinesis, &args, data).await;
    }
    let length = args
        .file
        .as_deref()
        .and_then(|path| Some(std::fs::metadata(path).ok()?.len()));
    let input: Box<dyn AsyncRead + Unpin> = if let Some(path) = &args.file {
        Box::new(
            tokio::fs::File::open(path)
                .await
                .map_err(|error| cannot_read(path, &error))?,
        )
    } else {
        if std::io::stdin().is_terminal() {
            args.output.news("a record a line; ^D ends");
        }
        Box::new(standard_input()?)
    };
    put_lines(
        &kinesis,
        &args,
        BufReader::with_capacity(1 << 20, input),
        length,
    )
    .await
}

/// The data where there is to be exactly one record.
fn one_record(args: &PutArgs) -> Result<Option<Vec<u8>>, Failure> {
    match (&args.data, &args.file, args.whole) {
        (Some(data), _, _) if data != "-" => Ok(Some(data.clone().into_bytes())),
        (_, Some(path), true) => Ok(Some(
            std::fs::read(path).map_err(|error| cannot_read(path, &error))?,
        )),
        (_, None, true) => {
            let mut data = Vec::new();
            std::io::stdin().lock().read_to_end(&mut data)?;
            Ok(Some(data))
        }
        _ => Ok(None),
    }
}

/// Standard input as a file: a read of it waits on a thread of its own.
fn standard_input() -> std::io::Result<tokio::fs::File> {
    let descriptor = std::io::stdin().as_fd().try_clone_to_owned()?;
    Ok(tokio::fs::File::from_std(std::fs::File::from(descriptor)))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot read {}: {error}", path.display()))
}

async fn put_one(kinesis: &Kinesis, args: &PutArgs, data: Vec<u8>) -> Result<Outcome, Failure> {
    let entry = Keys::new(args).entry(data);
    let input = PutRecordInput {
        stream_name: Some(args.stream.clone()),
        partition_key: entry.partition_key,
        explicit_hash_key: entry.explicit_hash_key,
        data: entry.data,
        ..PutRecordInput::default()
    };
    let answer: PutRecordOutput = kinesis.call(Action::PutRecord, &input).await?;
    match args.output.output {
        Output::Text => line(&format!("{}  {}", answer.shard_id, answer.sequence_number))?,
        Output::Json => document(&json!({
            "shardId": answer.shard_id.as_str(),
            "sequenceNumber": answer.sequence_number.as_str(),
        }))?,
    }
    Ok(Outcome::Done)
}

async fn put_lines(
    kinesis: &Kinesis,
    args: &PutArgs,
    mut input: impl AsyncBufRead + Unpin,
    length: Option<u64>,
) -> Result<Outcome, Failure> {
    let mut keys = Keys::new(args);
    let mut batch = Batch::default();
    let mut tally = Tally::default();
    let progress = match length {
        Some(length) => args.output.progress(Some(length), "bytes"),
        None => args.output.progress(None, "records"),
    };
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    let mut line = Vec::new();
    // When the first record of the batch has waited long enough.
    let mut due = tokio::time::Instant::now();
    let ended = loop {
        tokio::select! {
            // A read that is put off keeps what it has in `line`, and goes on from there.
            read = input.read_until(b'\n', &mut line) => {
                if read? == 0 {
                    break Outcome::Done;
                }
                let length = line.len() as u64;
                if batch.is_empty() {
                    due = tokio::time::Instant::now() + LINGER;
                }
                let entry = keys.entry(without_line_feed(std::mem::take(&mut line)));
                let full = batch.push(entry);
                send(kinesis, args, full, &mut tally, &progress).await?;
                progress.inc(if progress.length().is_some() { length } else { 1 });
            }
            () = tokio::time::sleep_until(due), if !batch.is_empty() => {
                send(kinesis, args, batch.take(), &mut tally, &progress).await?;
            }
            _ = &mut interrupted => break Outcome::Interrupted,
        }
    };
    // What was read is written, even after ^C.
    send(kinesis, args, batch.take(), &mut tally, &progress).await?;
    progress.finish_and_clear();
    summarise(args, &tally)?;
    Ok(match (tally.lost, ended) {
        (0, ended) => ended,
        (_, _) if tally.written == 0 => {
            return Err(Failure::Other(anyhow::anyhow!("no record was written")));
        }
        _ => Outcome::Partly,
    })
}

/// Puts a batch, and again what was refused of it.
async fn send(
    kinesis: &Kinesis,
    args: &PutArgs,
    batch: Option<Vec<PutRecordsRequestEntry>>,
    tally: &mut Tally,
    progress: &ProgressBar,
) -> Result<(), Failure> {
    let Some(mut entries) = batch else {
        return Ok(());
    };
    let mut attempt = 0;
    loop {
        let count = entries.len() as u64;
        let bytes: u64 = entries.iter().map(|entry| entry.data.len() as u64).sum();
        let refused = match put_once(kinesis, args, &mut entries).await {
            Ok(reason) => reason,
            Err(error) if error.is_transient() && attempt < args.retries => Some(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        let left: u64 = entries.len() as u64;
        tally.written += count - left;
        tally.bytes += bytes
            - entries
                .iter()
                .map(|entry| entry.data.len() as u64)
                .sum::<u64>();
        if entries.is_empty() {
            progress.set_message("");
            return Ok(());
        }
        tally.reason = refused;
        if attempt == args.retries {
            tally.lost += left;
            return Ok(());
        }
        tally.retried += left;
        progress.set_message(format!("({left} refused, again)"));
        tokio::time::sleep(PAUSE.saturating_mul(1 << attempt.min(10)).min(PAUSE_MAX)).await;
        attempt += 1;
    }
}

/// Puts `entries` once and leaves in them what was refused; returns why.
async fn put_once(
    kinesis: &Kinesis,
    args: &PutArgs,
    entries: &mut Vec<PutRecordsRequestEntry>,
) -> Result<Option<String>, CallError> {
    let input = PutRecordsInput {
        stream_name: Some(args.stream.clone()),
        records: entries.clone(),
        ..PutRecordsInput::default()
    };
    let answer: PutRecordsOutput = kinesis.call_once(Action::PutRecords, &input).await?;
    let left = leftover(std::mem::take(entries), &answer);
    *entries = left.refused;
    Ok(left.reason)
}

fn summarise(args: &PutArgs, tally: &Tally) -> Result<(), Failure> {
    match args.output.output {
        Output::Json => document(&json!({
            "written": tally.written, "bytes": tally.bytes, "retried": tally.retried, "lost": tally.lost,
            "reason": tally.reason,
        }))?,
        Output::Text => {
            args.output.news(&format!(
                "{} records written ({} bytes)",
                grouped(tally.written),
                grouped(tally.bytes)
            ));
            if tally.lost > 0 {
                let reason = tally.reason.as_deref().unwrap_or("no reason given");
                eprintln!(
                    "error: {} records were refused {} times: {reason}",
                    grouped(tally.lost),
                    args.retries + 1
                );
            }
        }
    }
    Ok(())
}

/// Gives records their keys.
#[derive(Debug)]
struct Keys<'a> {
    args: &'a PutArgs,
    /// Makes the keys of this process unlike those of others, so that records spread over the shards.
    salt: u128,
    count: u64,
}

impl<'a> Keys<'a> {
    fn new(args: &'a PutArgs) -> Self {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            args,
            salt: since.as_nanos(),
            count: 0,
        }
    }

    fn entry(&mut self, line: Vec<u8>) -> PutRecordsRequestEntry {
        let (key, data) = self.split(line);
        PutRecordsRequestEntry {
            partition_key: Some(key.into()),
            explicit_hash_key: self.args.explicit_hash_key.as_deref().map(Into::into),
            data: Blob::from(data),
        }
    }

    fn split(&mut self, line: Vec<u8>) -> (String, Vec<u8>) {
        if let Some(key) = &self.args.key {
            return (key.clone(), line);
        }
        if let Some(separator) = self
            .args
            .key_separator
            .as_deref()
            .filter(|separator| !separator.is_empty())
            && let Some(at) = line
                .windows(separator.len())
                .position(|window| window == separator.as_bytes())
            && at > 0
        {
            let key = String::from_utf8_lossy(&line[..at]).into_owned();
            return (key, line[at + separator.len()..].to_vec());
        }
        self.count += 1;
        (format!("{:x}-{}", self.salt, self.count), line)
    }
}

fn without_line_feed(mut line: Vec<u8>) -> Vec<u8> {
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct TestCommand {
        #[command(flatten)]
        args: PutArgs,
    }

    fn args(flags: &[&str]) -> PutArgs {
        TestCommand::parse_from(["put", "stream"].iter().chain(flags)).args
    }

    #[test]
    fn a_key_separator_takes_the_key_off_the_line() {
        let args = args(&["--key-separator", ": "]);
        let entry = Keys::new(&args).entry(b"river: deep: and wide".to_vec());
        assert_eq!(entry.partition_key.as_deref(), Some("river"));
        assert_eq!(entry.data.as_ref(), b"deep: and wide");
    }

    #[test]
    fn records_without_a_key_get_one_each() {
        let args = args(&[]);
        let mut keys = Keys::new(&args);
        assert_ne!(
            keys.entry(b"a".to_vec()).partition_key,
            keys.entry(b"a".to_vec()).partition_key
        );
    }

    #[test]
    fn line_ends_of_both_kinds_are_no_data() {
        assert_eq!(without_line_feed(b"a\r\n".to_vec()), b"a");
        assert_eq!(without_line_feed(b"a\n".to_vec()), b"a");
        assert_eq!(without_line_feed(b"a\r".to_vec()), b"a\r");
    }
}
