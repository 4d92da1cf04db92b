//! What holds for every command: help, exit codes, streams, colour.

use std::io::Read as _;

use crate::support::cli::Home;

const COMMANDS: [&str; 16] = [
    "import",
    "crawl",
    "search",
    "count",
    "show",
    "trace",
    "dupes",
    "similar",
    "lineage",
    "link",
    "index",
    "stats",
    "export",
    "demo",
    "schema",
    "completions",
];

#[test]
fn every_help_page_goes_to_stdout_and_ends_with_examples() {
    let home = Home::new();
    for command in COMMANDS {
        let help = home.run(&[command, "--help"]);
        assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{command}");
        let (_, examples) = help.stdout.split_once("Examples:\n").expect("examples");
        assert!(examples.starts_with(&format!("  stemmata {command}")) || command == "search", "{examples}");
        assert!(help.stdout.contains("--home <DIR>"), "{command}");
    }
}

#[test]
fn the_main_help_page_lists_commands_environment_and_exit_codes() {
    let help = Home::new().run(&["--help"]).stdout;
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
    }
    for line in ["STEMMATA_HOME", "CIVITAI_TOKEN", "    0  done", "  130  interrupted"] {
        assert!(help.contains(line), "{line}");
    }
}

#[test]
fn a_line_that_makes_no_sense_exits_with_2_and_prints_no_data() {
    let home = Home::new();
    for line in [
        &["serch"] as &[&str],
        &["search"],
        &["search", "castle", "--limit", "0"],
        &["crawl", "images", "--sort", "best"],
        &["crawl", "images", "--model-id", "0"],
        &["crawl", "models", "--max-rps", "inf"],
        &["stats", "--format", "csv"],
        &["stats", "-j", "0"],
        &[],
    ] {
        let answer = home.run(line);
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{line:?}: {}", answer.stderr);
        assert!(!answer.stderr.is_empty(), "{line:?}");
    }
}

#[test]
fn a_failure_is_one_json_object_when_json_was_asked_for() {
    let home = Home::new();
    let wrong_flag = home.run(&["--json", "search", "castle", "--lmit", "5"]);
    assert_eq!(wrong_flag.code, 2);
    let error = wrong_flag.error();
    assert_eq!(error["code"], "usage");
    assert_eq!(error["hint"], "a similar argument exists: '--limit'");

    let wrong_format = home.run(&["stats", "--format", "ndjson", "--home", ""]);
    assert_ne!(wrong_format.code, 0);
    wrong_format.error();
}

#[test]
fn an_error_says_which_value_is_wrong_and_what_to_give() {
    let home = Home::new();
    std::fs::write(home.path().join("note.json"), "{}").expect("a writable home");
    assert_eq!(home.run_with_input(&["import", "-"], br#"{"prompt":"a kite"}"#).code, 0);
    for (line, code, words) in [
        (&["stats", "-j", "0"] as &[&str], 2, &["--jobs", "from 1 to 65535"] as &[&str]),
        (&["dupes", "--threshold", "-1"], 2, &["--threshold", "from 0 to 10"]),
        (&["crawl", "tags", "--api-base", "x"], 2, &["--api-base is not", "hint: such as https://"]),
        (&["crawl", "image", "kite"], 2, &["`kite`", "hint: give a number"]),
        (&["similar", "note.json"], 1, &["error: note.json: ", "hint: give a JPEG"]),
    ] {
        let answer = home.run(line);
        assert_eq!((answer.code, answer.stdout.as_str()), (code, ""), "{line:?}: {}", answer.stderr);
        assert!(words.iter().all(|word| answer.stderr.contains(word)), "{line:?}: {}", answer.stderr);
    }
}

#[test]
fn a_missing_catalog_is_named_with_its_own_exit_code() {
    let home = Home::new();
    for line in [
        &["stats"] as &[&str],
        &["search", "castle"],
        &["count", "castle"],
        &["trace", "5"],
        &["show", "5"],
        &["dupes"],
        &["similar", "5"],
        &["lineage", "5"],
        &["export", "images"],
        &["link"],
        &["index", "status"],
        &["index", "update"],
        &["index", "verify"],
        &["index", "compact"],
    ] {
        let answer = home.run(&[line, &["--format", "json"]].concat());
        assert_eq!(answer.code, 8, "{line:?}: {}", answer.stderr);
        assert_eq!(answer.error()["code"], "catalog.missing", "{line:?}");
        assert!(!home.path().join("catalog.db").exists(), "{line:?} only reads");
    }
}

#[test]
fn each_target_that_is_not_known_is_an_error_of_its_own() {
    let home = Home::new();
    let image = r#"{"id":5,"url":"https://image.civitai.com/k/0a1b2c3d-1111-4222-8333-444455556666/x.jpeg"}"#;
    assert_eq!(home.run_with_input(&["import", "-"], image.as_bytes()).code, 0);
    for format in ["json", "ndjson"] {
        let none = home.run(&["trace", "7", "8", "--format", format]);
        assert_eq!((none.code, none.stdout.as_str()), (4, ""), "{format}");
        let some = home.run(&["trace", "7", "5", "--format", format]);
        assert_eq!(some.code, 7, "{format}");
        assert_eq!(some.stdout.matches("\"target\":\"5\"").count(), 1, "{}", some.stdout);
        for (answer, errors) in [(none, 2), (some, 1)] {
            let codes: Vec<serde_json::Value> = answer
                .stderr
                .lines()
                .map(|line| serde_json::from_str(line).expect("each line is JSON"))
                .collect();
            assert_eq!(codes.len(), errors);
            assert!(codes.iter().all(|error| error["code"] == "image.not_found"), "{codes:?}");
        }
    }
}

#[test]
fn offline_forbids_to_crawl_before_anything_is_written() {
    let home = Home::new();
    for line in [&["crawl", "images", "--offline"] as &[&str], &["crawl", "version", "7", "--offline"]] {
        let answer = home.run(&[line, &["--format", "json"]].concat());
        assert_eq!((answer.code, answer.error()["code"].as_str()), (5, Some("network.offline")));
    }
    let mut from_environment = home.command(&["crawl", "tags", "--json"]);
    let output = from_environment.env("STEMMATA_OFFLINE", "1").output().expect("the command starts");
    assert_eq!(output.status.code(), Some(5));
    assert!(!home.path().join("catalog.db").exists());
}

#[test]
fn control_characters_of_an_argument_reach_stderr_spelt_out() {
    let home = Home::new();
    for line in [&["\u{1b}[31mbad\u{9b}"] as &[&str], &["stats", "--home", "x\u{1b}]0;title\u{7}"]] {
        let answer = home.run(line);
        assert_ne!(answer.code, 0);
        let is_safe = |c: char| c == '\n' || !c.is_control();
        assert!(answer.stderr.chars().all(is_safe), "{:?}", answer.stderr);
        assert!(answer.stderr.contains("\\u{"), "{:?}", answer.stderr);
    }
}

#[test]
fn colour_is_for_terminals_unless_it_is_forced() {
    let home = Home::new();
    let colored = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = home.command(arguments).envs(variables.iter().copied()).output().expect("it starts");
        String::from_utf8_lossy(&output.stderr).contains('\u{1b}')
    };
    assert!(!colored(&["stats"], &[]));
    assert!(colored(&["stats", "--color", "always"], &[]));
    assert!(colored(&["stats", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(colored(&["stats"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&["stats"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!colored(&["stats", "--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let home = Home::new();
    let mut child = home.piped(&["completions", "--static", "zsh"]);
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("stderr is piped").read_to_string(&mut said).expect("UTF-8");
    assert_eq!(said, "");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn completions_name_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = home.run(&["completions", "--static", shell]);
        assert_eq!(script.code, 0);
        for command in COMMANDS {
            assert!(script.stdout.contains(command), "{shell} lacks {command}");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_first_interrupt_asks_and_the_second_ends() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Command;

    let home = Home::new();
    let mut child = home.piped(&["import", "-", "--progress", "plain"]);
    let mut said = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
    let mut next = || said.next().expect("a line").expect("UTF-8");
    assert!(next().starts_with("import: begun"));
    let id = child.id().to_string();
    let interrupt = || Command::new("kill").args(["-INT", &id]).status().expect("kill is there").success();
    assert!(interrupt());
    assert!(next().contains("press Ctrl-C again"));
    assert!(interrupt());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}
