//! The `anabranch-operator` command.

use anabranch_operator::Command;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match Command::of_arguments() {
        Command::ApplyDefinitions => runtime.block_on(anabranch_operator::apply_definitions()),
        Command::Run(options) => runtime.block_on(anabranch_operator::run(*options)),
    }
}
