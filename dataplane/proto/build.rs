//! Compiles the service's description. `protox` is a compiler in Rust: no `protoc` has to be on the machine.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let description = protox::compile(["shard.proto", "raft.proto"], ["proto"])?;
    tonic_prost_build::configure()
        // Records and log entries are slices of the message that brought them.
        .bytes(".")
        .compile_fds(description)?;
    Ok(())
}
