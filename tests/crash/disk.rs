//! A disk that takes no more is named, and once there is room the same line goes on.

use std::process::Command;

use super::Place;
use crate::support::cli::Answer;

/// The lines of a home, small enough to be run at several limits.
const LINES: &[&[&str]] = &[&["crawl", "models", "--limit", "10"], &["crawl", "images", "--limit", "20"]];

/// The longest file that the system allows, in blocks of 512 bytes: from the first table on.
const LIMITS: &[u32] = &[8, 64, 256, 700, 1_000, 1_400];

/// Runs `line` where no file can grow beyond `blocks`; the signal for it is ignored, so that writing fails instead.
fn run_limited(place: &Place, line: &[&str], blocks: u32) -> Answer {
    let base = place.site.base();
    let command = place.home.command(&place.words(line, &base));
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(place.home.path());
    Answer::of(shell.output().expect("a shell starts"))
}

#[test]
#[cfg(unix)]
fn a_disk_that_takes_no_more_is_named_and_the_same_line_goes_on_when_it_does() {
    let calm = Place::new(None);
    LINES.iter().for_each(|line| calm.finish(line));
    let expected = calm.everything();
    let mut refused = 0;
    for blocks in LIMITS {
        let place = Place::new(None);
        for line in LINES {
            let mut line = line.to_vec();
            line.extend(["--format", "json"]);
            let answer = run_limited(&place, &line, *blocks);
            if answer.code != 0 {
                refused += 1;
                assert_eq!(answer.code, 1, "{blocks} blocks: {answer:?}");
                let last = answer.stderr.lines().last().unwrap_or_default();
                let error: serde_json::Value =
                    serde_json::from_str(last).expect("the last line is the error");
                let code = error["code"].as_str().unwrap_or_default();
                assert!(
                    ["catalog.disk", "catalog.disk_full", "index.failed"].contains(&code),
                    "{blocks}: {error}"
                );
                assert!(error["hint"].is_string(), "{blocks}: {error}");
            }
            place.finish(&line);
        }
        assert!(place.everything() == expected, "a limit of {blocks} blocks left traces");
    }
    assert!(refused >= LIMITS.len(), "only {refused} lines met a full disk");
}
