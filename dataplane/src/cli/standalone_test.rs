//! What the command line makes of flags, environment and config file together.

use clap::{FromArgMatches as _, Parser as _};

use super::*;
use crate::cli::config_file;
use crate::standalone::options::LimitSetting;

#[derive(Debug, clap::Parser)]
struct TestCommand {
    #[command(flatten)]
    args: StandaloneArgs,
}

/// The options of `flags` over a file with `settings`. The environment is not set here: it belongs to the process, and
/// tests share one; that clap puts it between flags and defaults is clap's promise.
fn options(flags: &[&str], settings: &[(&str, &str)]) -> Result<StandaloneOptions, String> {
    let settings = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let command =
        config_file::lay_under(<TestCommand as clap::CommandFactory>::command(), &settings);
    let line = std::iter::once("standalone").chain(flags.iter().copied());
    let matches = command
        .try_get_matches_from(line)
        .map_err(|error| error.to_string())?;
    let command = TestCommand::from_arg_matches(&matches).map_err(|error| error.to_string())?;
    command
        .args
        .into_options()
        .map_err(|failure| format!("{failure:?}"))
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let file = [
        ("listen", "127.0.0.1:1111"),
        ("region", "eu-west-1"),
        ("allow-anonymous", "true"),
    ];
    let options = options(&["--listen", "127.0.0.1:2222"], &file).expect("well-formed");
    assert_eq!(options.listen.port(), 2222);
    assert_eq!(options.region, "eu-west-1");
    assert_eq!(options.account_id, "000000000000");
    assert_eq!(options.authentication, Authentication::Anonymous);
}

#[test]
fn a_switch_that_the_file_turned_on_can_be_turned_off_by_a_flag() {
    let file = [("no-limits", "true"), ("allow-anonymous", "yes")];
    assert!(options(&[], &file).expect("well-formed").limits.unlimited);
    assert!(
        !options(&["--no-limits=false"], &file)
            .expect("well-formed")
            .limits
            .unlimited
    );
}

#[test]
fn a_value_that_the_flag_would_refuse_is_refused_in_the_file_too() {
    let error =
        options(&["--allow-anonymous"], &[("tail-cache-bytes", "lots")]).expect_err("not a size");
    assert!(error.contains("tail-cache-bytes"), "{error}");
}

#[test]
fn nobody_may_call_until_it_is_said_who() {
    assert!(
        options(&[], &[])
            .expect_err("no choice")
            .contains("--allow-anonymous")
    );
    let both = ["--allow-anonymous", "--credentials", "keys.yaml"];
    assert!(
        options(&both, &[])
            .expect_err("both")
            .contains("contradict")
    );
}

#[test]
fn tls_takes_all_of_its_three_settings() {
    let partly = ["--allow-anonymous", "--tls-listen", "127.0.0.1:4568"];
    assert!(
        options(&partly, &[])
            .expect_err("no certificate")
            .contains("--tls-cert")
    );
    let file = [("tls-cert", "a.pem"), ("tls-key", "a.key")];
    assert!(options(&partly, &file).expect("whole").tls.is_some());
}

#[test]
fn a_reserve_that_would_not_do_on_a_full_disk_is_refused_with_the_least_that_does() {
    let with = |reserve: &str| options(&["--allow-anonymous", "--reserve-bytes", reserve], &[]);
    let error = with("64MiB").expect_err("too little");
    assert!(error.contains("at least 128MiB"), "{error}");
    let file = [("reserve-bytes", "0")];
    assert!(options(&["--allow-anonymous"], &file).is_err());
    let storage = with("128MiB").expect("enough").storage;
    assert_eq!(storage.reserve_bytes, Some(128 << 20));
}

#[test]
fn each_limit_takes_a_number_or_off_and_the_file_too() {
    let flags = [
        "--allow-anonymous",
        "--shard-read-calls-per-second=off",
        "--control-plane-limits",
    ];
    let file = [("creating-streams", "off"), ("shards-per-account", "7")];
    let limits = options(&flags, &file).expect("well-formed").limits;
    assert_eq!(limits.shard_read_calls_per_second, Some(LimitSetting::Off));
    assert_eq!(limits.creating_streams, Some(LimitSetting::Off));
    assert_eq!(limits.shards_per_account, Some(LimitSetting::At(7)));
    assert_eq!(limits.consumers_per_stream, None);
    assert!(limits.control_plane && !limits.unlimited);
}

#[test]
fn the_admin_listener_can_be_turned_off() {
    assert_eq!(
        options(&["--allow-anonymous", "--admin-listen", "off"], &[])
            .expect("well-formed")
            .admin_listen,
        None
    );
}

#[test]
fn every_flag_has_an_environment_variable_of_its_name() {
    for argument in <TestCommand as clap::CommandFactory>::command().get_arguments() {
        let Some(long) = argument
            .get_long()
            .filter(|long| !["help", "log"].contains(long))
        else {
            continue;
        };
        let expected = format!("ANABRANCH_{}", long.replace('-', "_").to_ascii_uppercase());
        assert_eq!(
            argument.get_env().and_then(|name| name.to_str()),
            Some(expected.as_str())
        );
    }
}

#[test]
fn a_config_file_may_hold_every_flag_but_the_one_that_names_it() {
    let names = setting_names();
    assert!(names.contains(&"data-dir".to_owned()));
    assert!(!names.contains(&"config".to_owned()));
    TestCommand::parse_from(["standalone", "--allow-anonymous"]);
}
