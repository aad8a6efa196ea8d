//! How a command ends: what it achieved, or what went wrong and what to do about it.

use std::future::Future;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use super::client::CallError;

/// What a command that did not fail achieved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All that was asked.
    Done,
    /// A part of it; the rest was reported on the way.
    Partly,
    /// What could be done until the user pressed ^C.
    Interrupted,
}

impl Outcome {
    pub(super) fn exit_code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Partly => ExitCode::from(3),
            Self::Interrupted => ExitCode::from(130),
        }
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The command line itself; clap knows how to show it (`--help` comes this way too).
    CommandLine(clap::Error),
    /// Settings that are wrong in themselves or together.
    Usage(String),
    /// A call to the endpoint.
    Call(CallError),
    /// Reading input or writing output.
    Io(io::Error),
    /// Anything else, with its chain of causes.
    Other(anyhow::Error),
}

impl Failure {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// A value that came from the config file and that the command line would refuse as well.
    pub(super) fn in_config_file(path: &Path, error: &clap::Error) -> Self {
        let text = error.to_string();
        let reason = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        Self::Usage(format!("in {}: {reason}", path.display()))
    }

    /// Tells the user, and turns into the exit code.
    pub(super) fn report(self) -> ExitCode {
        match self {
            Self::CommandLine(error) => {
                // Nothing is left to say if the terminal is gone.
                let _ = error.print();
                ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
            }
            Self::Usage(message) => {
                eprintln!("error: {message}");
                ExitCode::from(2)
            }
            // `anabranch tail | head` has got what it wanted.
            Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Io(error) => Self::failed(&error.to_string(), None),
            Self::Call(error) => Self::failed(&error.to_string(), error.what_to_do().as_deref()),
            Self::Other(error) => Self::failed(&format!("{error:#}"), None),
        }
    }

    fn failed(message: &str, hint: Option<&str>) -> ExitCode {
        eprintln!("error: {message}");
        if let Some(hint) = hint {
            eprintln!(" hint: {hint}");
        }
        ExitCode::FAILURE
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::CommandLine(error)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// Runs a client command: one thread is plenty for what waits on a network.
pub(super) fn block_on(
    command: impl Future<Output = Result<Outcome, Failure>>,
) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(command);
    // A read of the terminal that nobody will answer must not keep the process.
    runtime.shutdown_background();
    outcome
}
