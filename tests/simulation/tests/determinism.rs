//! The same seed is the same run: every line of the trace and every byte that came to a disk.

use std::process::Command;

fn trace_of(seed: &str) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_anabranch-simulation"))
        .args([seed, "--trace"])
        .output()
        .expect("it starts");
    String::from_utf8(run.stdout).expect("text")
}

#[test]
fn the_same_seed_twice_gives_the_same_trace_and_another_seed_another() {
    let mut seen = Vec::new();
    for seed in ["5", "6", "7"] {
        let (one, two) = (trace_of(seed), trace_of(seed));
        assert!(one.lines().count() > 100, "{one}");
        let differs = one.lines().zip(two.lines()).find(|(one, two)| one != two);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(one, two, "seed {seed}");
        assert!(!seen.contains(&one));
        seen.push(one);
    }
}
