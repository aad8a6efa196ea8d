//! The `anabranch` command.

fn main() -> std::process::ExitCode {
    anabranch::cli::main()
}
