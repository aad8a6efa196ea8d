//! `anabranch completions`: a script that teaches a shell the command line.

use std::io::Write as _;

use clap::Args;
use clap_complete::Shell;

use super::outcome::{Failure, Outcome};

/// Print a script that completes this command line in a shell
///
/// bash:  anabranch completions bash > /etc/bash_completion.d/anabranch
/// zsh:   anabranch completions zsh > "${fpath[1]}/_anabranch"
/// fish:  anabranch completions fish > ~/.config/fish/completions/anabranch.fish
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, command: &mut clap::Command) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "anabranch", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(Outcome::Done)
}
